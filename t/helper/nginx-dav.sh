#!/bin/sh
# nginx with WebDAV, Basic auth and TLS on loopback, for tests.
#
#	nginx-dav.sh start <folder>	prints KEY=VALUE lines
#	nginx-dav.sh stop <folder>
#
# Requests are logged to <folder>/access.log: "<method> <uri> <status>
# <bytes sent>".  Files lie in <folder>/www.  /open/ can be read without a
# password, /small/ takes no more than 1 KiB, /unlisted/ knows no PROPFIND,
# /moved/x leads to /x, /away/x to x on "localhost" (another host to a client).
# Debian: nginx-light, libnginx-mod-http-dav-ext, openssl.
. "${0%/*}/service.sh"

if test "$verb" = stop
then
	stop_all nginx
	exit 0
fi
need nginx:nginx-light openssl:openssl curl:curl
dav_ext=/usr/lib/nginx/modules/ngx_http_dav_ext_module.so
test -e $dav_ext || die "no $dav_ext: apt-get install libnginx-mod-http-dav-ext"
mkdir -p "$dir/www" "$dir/tmp"
ports=$(free_ports 2)
http=${ports% *}
https=${ports#* }
make_certificate
make_user
as_root=
test "$(id -u)" -ne 0 || as_root='user root;'
cat >"$dir/nginx.conf" <<END
$as_root
load_module $dav_ext;
daemon off;
master_process off;
pid $dir/nginx.own-pid;
error_log $dir/error.log warn;
events { worker_connections 512; }
http {
	log_format short '\$request_method \$uri\$is_args\$args \$status \$body_bytes_sent';
	access_log $dir/access.log short;
	default_type application/octet-stream;
	# on the same file system as www, so that a PUT ends in a rename
	client_body_temp_path $dir/tmp/body;
	proxy_temp_path $dir/tmp/proxy;
	fastcgi_temp_path $dir/tmp/fastcgi;
	uwsgi_temp_path $dir/tmp/uwsgi;
	scgi_temp_path $dir/tmp/scgi;
	client_max_body_size 0;
	client_body_buffer_size 1m;
	sendfile on;
	tcp_nopush on;
	keepalive_requests 1000000;
	ssl_certificate $dir/tls/cert.pem;
	ssl_certificate_key $dir/tls/key.pem;
	ssl_session_cache shared:tls:1m;
	server {
		listen 127.0.0.1:$http;
		listen 127.0.0.1:$https ssl;
		root $dir/www;
		auth_basic dv;
		auth_basic_user_file $dir/htpasswd;
		location / {
			dav_methods PUT DELETE MKCOL;
			dav_ext_methods PROPFIND OPTIONS;
			create_full_put_path on;
			dav_access user:rw;
		}
		location /open/ {
			auth_basic off;
			limit_except GET { deny all; }
		}
		location /small/ {
			client_max_body_size 1k;
			dav_methods PUT;
			create_full_put_path on;
		}
		location /unlisted/ {
			dav_methods PUT DELETE MKCOL;
			create_full_put_path on;
		}
		location /moved/ {
			auth_basic off;
			rewrite ^/moved/(.*)\$ /\$1 redirect;
		}
		location /away/ {
			auth_basic off;
			rewrite ^/away/(.*)\$ http://localhost:$http/\$1 redirect;
		}
	}
}
END
run nginx nginx -p "$dir" -e "$dir/error.log" -c "$dir/nginx.conf"
until_answers 10 "http://127.0.0.1:$http/" nginx
: >"$dir/access.log"
say_http "$http" "$https"
