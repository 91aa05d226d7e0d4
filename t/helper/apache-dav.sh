#!/bin/sh
# Apache httpd with mod_dav, Basic auth and TLS on loopback, for tests.
#
#	apache-dav.sh start <folder>	prints KEY=VALUE lines
#	apache-dav.sh stop <folder>
#
# Requests are logged to <folder>/access.log: "<method> <path> <status>
# <bytes sent>".  Debian: apache2-bin, openssl.
. "${0%/*}/service.sh"

if test "$verb" = stop
then
	stop_all apache
	exit 0
fi
need apache2:apache2-bin openssl:openssl curl:curl
mkdir -p "$dir/www" "$dir/run"
ports=$(free_ports 2)
http=${ports% *}
https=${ports#* }
make_certificate
make_user
modules=/usr/lib/apache2/modules
as_user=
if test "$(id -u)" -eq 0
then
	# httpd does not run as root
	as_user="User www-data
Group www-data"
	chown -R www-data "$dir/www" "$dir/run"
	chmod 755 "$dir"
	# and must get through the scratch folders above
	above=$(dirname "$dir")
	until test -n "$(find "$above" -maxdepth 0 -perm -001)"
	do
		chmod o+x "$above"
		above=$(dirname "$above")
	done
fi
cat >"$dir/httpd.conf" <<END
ServerRoot $dir
ServerName localhost
PidFile $dir/run/own-pid
DefaultRuntimeDir $dir/run
Mutex file:$dir/run default
ErrorLog $dir/error.log
LogLevel warn
Listen 127.0.0.1:$http
Listen 127.0.0.1:$https https
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authn_core_module $modules/mod_authn_core.so
LoadModule authn_file_module $modules/mod_authn_file.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule authz_user_module $modules/mod_authz_user.so
LoadModule auth_basic_module $modules/mod_auth_basic.so
LoadModule dav_module $modules/mod_dav.so
LoadModule dav_fs_module $modules/mod_dav_fs.so
LoadModule socache_shmcb_module $modules/mod_socache_shmcb.so
LoadModule ssl_module $modules/mod_ssl.so
LoadModule mime_module $modules/mod_mime.so
TypesConfig /dev/null
LogFormat "%m %U %>s %b" short
CustomLog $dir/access.log short
$as_user
ServerLimit 1
StartServers 1
ThreadsPerChild 32
MaxRequestWorkers 32
MinSpareThreads 4
MaxSpareThreads 32
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 15
LimitRequestBody 0
DavLockDB $dir/run/davlock
DocumentRoot $dir/www
<Directory $dir/www>
	Dav On
	AuthType Basic
	AuthName dv
	AuthUserFile $dir/htpasswd
	Require valid-user
</Directory>
<VirtualHost 127.0.0.1:$http>
</VirtualHost>
<VirtualHost 127.0.0.1:$https>
	SSLEngine on
	SSLCertificateFile $dir/tls/cert.pem
	SSLCertificateKeyFile $dir/tls/key.pem
</VirtualHost>
END
run apache apache2 -DFOREGROUND -f "$dir/httpd.conf"
until_answers 10 "http://127.0.0.1:$http/" apache
: >"$dir/access.log"
say_http "$http" "$https"
