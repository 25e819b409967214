#!/usr/bin/env bash
# Makes an unprivileged LXC container on a Proxmox VE 8.2+ host, as a node of the tailnet with tsidp beside its
# tailscaled. Run as root on the Proxmox host, from anywhere:
#
#   npm run build && npm pack          # on the machine that has the sources; copy tsidp-*.tgz to the host
#   TS_AUTHKEY=tskey-auth-… ./create-lxc.sh --package tsidp-0.1.0.tgz
#
# Changes nothing when something is missing, and removes a container that it could not finish.
set -euo pipefail

id='' hostname=idp storage=local-lvm template_storage=local bridge=vmbr0 memory=512 disk=4 package='' login_server='' tags='tag:idp'
node_major=24

usage() {
  cat <<END
usage: TS_AUTHKEY=KEY $0 --package TSIDP.tgz [options]
  --id NUMBER              of the container; default: the next free one
  --hostname NAME          of the node, and so of the issuer; default: $hostname
  --storage NAME           for the container's disk; default: $storage
  --template-storage NAME  for the Debian template; default: $template_storage
  --bridge NAME            default: $bridge
  --memory MIB             default: $memory
  --disk GIB               default: $disk
  --tags TAGS              tags to ask for, or '' for none; default: $tags
  --login-server URL       control server, such as Headscale's
Without TS_AUTHKEY the container is made, and says how to log it in.
END
}

fail() {
  echo "create-lxc: $*" >&2
  exit 1
}

while [ $# -gt 0 ]; do
  case "$1" in
    --help) usage; exit 0 ;;
    --id | --hostname | --storage | --template-storage | --bridge | --memory | --disk | --package | --tags | --login-server)
      [ $# -ge 2 ] || fail "$1 needs a value"
      name=${1#--}
      printf -v "${name//-/_}" '%s' "$2"
      shift 2
      ;;
    *) usage >&2; fail "$1 is no option" ;;
  esac
done

[ "$(id -u)" = 0 ] || fail 'must run as root on the Proxmox host'
for tool in pct pveam pvesh; do
  command -v "$tool" >/dev/null || fail "this is no Proxmox VE host: $tool is missing"
done
[ -n "$package" ] || { usage >&2; fail '--package is missing'; }
[ -r "$package" ] || fail "$package cannot be read"
[[ $hostname =~ ^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$ ]] || fail "--hostname: $hostname is no DNS label"
[[ -z $login_server || $login_server =~ ^https?://[^[:space:]]+$ ]] || fail "--login-server: $login_server is not a URL"
[[ -z $tags || $tags =~ ^tag:[a-z0-9-]+(,tag:[a-z0-9-]+)*$ ]] || fail "--tags: $tags must be like tag:idp,tag:web"
[ -c /dev/net/tun ] || modprobe tun || fail '/dev/net/tun is missing on this host'
id=${id:-$(pvesh get /cluster/nextid)}
[[ $id =~ ^[0-9]+$ ]] || fail "--id: $id is no number"
if pct status "$id" >/dev/null 2>&1; then fail "container $id exists already: choose another --id"; fi

pveam update >/dev/null || true
template=$(pveam available --section system | awk '/debian-(12|13)-standard_.*amd64/ {print $2}' | sort -V | tail -n 1)
[ -n "$template" ] || fail 'no Debian template is offered (pveam available)'
pveam list "$template_storage" | grep -qF "$template" || pveam download "$template_storage" "$template"

finished=''
# shellcheck disable=SC2317,SC2329 # called by the trap
remove_unfinished() {
  [ -z "$finished" ] || return 0
  echo "create-lxc: not finished, so container $id is removed" >&2
  pct stop "$id" >/dev/null 2>&1 || true
  pct destroy "$id" --purge >/dev/null 2>&1 || true
}
trap remove_unfinished EXIT

pct create "$id" "$template_storage:vztmpl/$template" \
  --hostname "$hostname" --unprivileged 1 --features nesting=1 --onboot 1 \
  --memory "$memory" --swap 0 --cores 2 --rootfs "$storage:$disk" \
  --net0 "name=eth0,bridge=$bridge,ip=dhcp,ip6=auto" --dev0 /dev/net/tun
pct start "$id"

inside() { pct exec "$id" -- "$@"; }

for _ in $(seq 1 60); do
  inside getent hosts deb.debian.org >/dev/null 2>&1 && break
  sleep 1
done
inside getent hosts deb.debian.org >/dev/null || fail 'the container has no network'

pct push "$id" "$package" /root/tsidp.tgz
# Everything below runs in the container. Tailscale's and Node's repositories are signed; their keys are fetched by
# HTTPS, and each key vouches for its own repository only.
inside bash -euo pipefail -s -- "$node_major" <<'END'
# a function, read whole before it runs: nothing in it may eat the rest of this text
install_everything() {
node_major=$1
export DEBIAN_FRONTEND=noninteractive
. /etc/os-release
apt-get update -qq
apt-get install -y -qq --no-install-recommends ca-certificates curl gnupg >/dev/null
install -d -m 0755 /etc/apt/keyrings
curl -fsSL "https://pkgs.tailscale.com/stable/debian/$VERSION_CODENAME.noarmor.gpg" -o /etc/apt/keyrings/tailscale.gpg
echo "deb [signed-by=/etc/apt/keyrings/tailscale.gpg] https://pkgs.tailscale.com/stable/debian $VERSION_CODENAME main" \
  >/etc/apt/sources.list.d/tailscale.list
curl -fsSL https://deb.nodesource.com/gpgkey/nodesource-repo.gpg.key | gpg --dearmor -o /etc/apt/keyrings/nodesource.gpg
echo "deb [signed-by=/etc/apt/keyrings/nodesource.gpg] https://deb.nodesource.com/node_$node_major.x nodistro main" \
  >/etc/apt/sources.list.d/nodesource.list
apt-get update -qq
apt-get install -y -qq --no-install-recommends tailscale nodejs >/dev/null
npm install --global --prefix /usr/local --omit=dev --no-audit --no-fund /root/tsidp.tgz
rm /root/tsidp.tgz

package=/usr/local/lib/node_modules/tsidp
install -m 0644 "$package/deploy/systemd/tsidp.sysusers.conf" /usr/lib/sysusers.d/tsidp.conf
systemd-sysusers tsidp.conf
install -m 0644 "$package/deploy/systemd/tsidp.service" /etc/systemd/system/tsidp.service
install -d -m 0750 -g tsidp /etc/tsidp
if ! [ -e /etc/tsidp/tsidp.jsonc ]; then
  printf '{\n  "stateDirectory": "/var/lib/tsidp"\n}\n' >/etc/tsidp/tsidp.jsonc
  chgrp tsidp /etc/tsidp/tsidp.jsonc
  chmod 0640 /etc/tsidp/tsidp.jsonc
fi
grep -q '^TS_PERMIT_CERT_UID=' /etc/default/tailscaled || echo 'TS_PERMIT_CERT_UID=tsidp' >>/etc/default/tailscaled
systemctl restart tailscaled
systemctl daemon-reload
systemctl enable --quiet tsidp
}
install_everything "$@" </dev/null
END

up=(tailscale up "--hostname=$hostname" --accept-dns=false)
[ -z "$tags" ] || up+=("--advertise-tags=$tags")
[ -z "$login_server" ] || up+=("--login-server=$login_server")
finished=yes
if [ -n "${TS_AUTHKEY:-}" ]; then
  # through a pipe: arguments can be seen by others
  printf '%s' "$TS_AUTHKEY" | inside install -m 0600 /dev/stdin /root/authkey
  inside "${up[@]}" --auth-key=file:/root/authkey || echo "create-lxc: the login failed; do it by hand: pct exec $id -- ${up[*]}" >&2
  inside rm -f /root/authkey
else
  echo "Log the node in:       pct exec $id -- ${up[*]}"
fi
inside systemctl start tsidp
cat <<END
Container $id ($hostname) is made.
  add an app:           pct exec $id -- runuser -u tsidp -- tsidp clients add --config /etc/tsidp/tsidp.jsonc --name NAME --redirect-uri URL
  is it healthy:        pct exec $id -- runuser -u tsidp -- tsidp health --config /etc/tsidp/tsidp.jsonc
  its log, its issuer:  pct exec $id -- journalctl --unit tsidp
END
