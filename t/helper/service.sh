# shellcheck shell=sh
# What the scripts that start servers share; sourced by them with their
# arguments.  Sets: verb, dir (absolute).  Debian packages keep daemons in
# /usr/sbin, which is not in everybody's PATH.
set -eu
PATH=$PATH:/usr/sbin:/sbin
verb=${1-}
dir=${2-}
case $verb in
start)
	test -n "$dir" || exit 129
	mkdir -p "$dir" && dir=$(cd "$dir" && pwd)
	;;
stop)
	test -d "$dir" || exit 0
	;;
*)
	echo "usage: $0 start|stop <folder>" >&2
	exit 129
	;;
esac

say () {
	printf '%s\n' "$@"
}

die () {
	echo "$0: $*" >&2
	exit 1
}

# need <program>...: says which Debian package is missing
need () {
	for program
	do
		command -v "${program%%:*}" >/dev/null ||
			die "${program%%:*} is missing: apt install ${program#*:}"
	done
}

# free_ports <n>: that many TCP ports nobody listens on
free_ports () {
	/usr/bin/python3 -c '
import socket, sys
s = [socket.socket() for _ in range(int(sys.argv[1]))]
for x in s:
    x.bind(("127.0.0.1", 0))
print(*(x.getsockname()[1] for x in s))' "$1"
}

# is_gone <pid>; a zombie is
is_gone () {
	! kill -0 "$1" 2>/dev/null ||
		grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null
}

# run <name> <command>...: in the background, its pid in $dir/<name>.pid
run () {
	run_name=$1
	shift
	setsid "$@" >"$dir/$run_name.out" 2>&1 </dev/null &
	echo $! >"$dir/$run_name.pid"
}

# until_answers <seconds> <url> <name>...: all daemons must stay alive
until_answers () {
	tries=$(($1 * 50))
	url=$2
	shift 2
	until curl -s -k --noproxy '*' -o "$dir/answer" "$url"
	do
		tries=$((tries - 1))
		test $tries -gt 0 || die "no answer at $url"
		for name
		do
			if is_gone "$(cat "$dir/$name.pid")"
			then
				tail -n 20 "$dir/$name.out" >&2
				die "$name died"
			fi
		done
		sleep 0.02
	done
}

# stop_all <name>...: ends the daemons in that order and removes the folder
stop_all () {
	for name
	do
		pid=$(cat "$dir/$name.pid" 2>/dev/null) || continue
		kill -TERM "$pid" 2>/dev/null || continue
		tries=100
		until is_gone "$pid"
		do
			tries=$((tries - 1))
			if test $tries -eq 0
			then
				kill -KILL "$pid" 2>/dev/null || :
				break
			fi
			sleep 0.02
		done
	done
	rm -rf "$dir"
}

# make_certificate: $dir/tls/cert.pem and key.pem for localhost
make_certificate () {
	mkdir -p "$dir/tls"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-days 2 -subj /CN=localhost -addext \
		'subjectAltName=DNS:localhost,DNS:*.localhost,IP:127.0.0.1' \
		-keyout "$dir/tls/key.pem" -out "$dir/tls/cert.pem" \
		2>"$dir/openssl.out" || die "openssl: $(cat "$dir/openssl.out")"
}

# make_user: DAV_USER (dv) with DAV_PASS (dvsecret) in $dir/htpasswd
make_user () {
	user=${DAV_USER:-dv}
	pass=${DAV_PASS:-dvsecret}
	printf '%s:%s\n' "$user" \
		"$(printf %s "$pass" | openssl passwd -apr1 -stdin)" \
		>"$dir/htpasswd"
}

say_http () {
	say "HTTP_URL=http://127.0.0.1:$1" "HTTPS_URL=https://127.0.0.1:$2" \
		"HTTP_USER=$user" "HTTP_PASS=$pass" \
		"CA_FILE=$dir/tls/cert.pem"
}
