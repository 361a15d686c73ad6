#!/usr/bin/env bash
# nginx 1.22.1 (Debian 12, 2026-11-30): `$content_length` is documented as the request's header field, which an upload in chunks does not
# have. Once nginx has buffered the body, the variable has its size all the same; with `proxy_request_buffering off` it is empty. A
# `hash $content_length` thus spreads uploads in chunks or sends all to one server, depending on a setting that seems to concern memory only.
# Seen: 300000 and empty. Exits with 1 when this changes. Needs Debian's apt, dpkg and curl.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill "$(cat "$folder/nginx.pid" 2>/dev/null)" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq nginx=1.22.1-9+deb12u11 2>/dev/null
dpkg -x nginx_*.deb .
cat >nginx.conf <<'CONFIGURATION'
pid nginx.pid; error_log error.log; events {}
http {
  access_log off;
  client_body_temp_path a; proxy_temp_path b; fastcgi_temp_path c; uwsgi_temp_path d; scgi_temp_path e;
  server { listen unix:backend.sock; location / { return 200 $http_seen; } }
  server {
    listen unix:nginx.sock;
    location /buffered { proxy_pass http://unix:backend.sock; proxy_set_header Seen "[$content_length]"; }
    location /unbuffered { proxy_request_buffering off; proxy_http_version 1.1; proxy_pass http://unix:backend.sock; proxy_set_header Seen "[$content_length]"; }
  }
}
CONFIGURATION
./usr/sbin/nginx -p "$folder/" -c nginx.conf -e error.log
seen() {
  head -c 300000 /dev/zero | curl -sS --unix-socket nginx.sock -H 'Transfer-Encoding: chunked' --data-binary @- "http://nginx/$1"
}
buffered=$(seen buffered)
unbuffered=$(seen unbuffered)
echo "$(./usr/sbin/nginx -v 2>&1): buffered $buffered, unbuffered $unbuffered"
[ "$buffered" = "[300000]" ] && [ "$unbuffered" = "[]" ]
