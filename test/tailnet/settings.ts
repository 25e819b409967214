/** Headscale's configuration: loopback only, a database and a DERP relay of its own, no name of the world. */
export const headscaleConfig = `
server_url: http://127.0.0.1:8080
listen_addr: 127.0.0.1:8080
metrics_listen_addr: ""
noise:
  private_key_path: ./noise.key
prefixes:
  v4: 100.64.0.0/10
  v6: "fd7a:115c:a1e0::/48"
derp:
  server:
    enabled: true
    region_id: 999
    region_code: local
    region_name: local
    stun_listen_addr: "127.0.0.1:3478"
    private_key_path: ./derp.key
    ipv4: 127.0.0.1
  urls: []
  paths: []
  auto_update_enabled: false
database:
  type: sqlite
  sqlite:
    path: ./headscale.db
policy:
  mode: file
  path: ./policy.json
dns:
  magic_dns: true
  base_domain: tailnet.test
  override_local_dns: false
  nameservers:
    global: []
unix_socket: ./headscale.sock
disable_check_updates: true
`;

/** More digits than a double holds. */
export const exactLevel = '9007199254740993';

const capability = 'tailscale.com/cap/tsidp';

/** Everybody reaches everybody; alice is an administrator, unless not. */
export function policy({ aliceIsAdmin }: { readonly aliceIsAdmin: boolean }): string {
  const rule = { includeInUserInfo: true, extraClaims: { groups: ['admins'], level: 0 } };
  const admins = {
    src: ['group:admins'],
    dst: ['tag:idp'],
    app: { [capability]: [rule] },
  };
  const all = {
    tagOwners: { 'tag:idp': ['alice@example.com'], 'tag:ci': ['alice@example.com'] },
    groups: { 'group:admins': ['alice@example.com'] },
    grants: [{ src: ['*'], dst: ['*'], ip: ['*'] }, ...(aliceIsAdmin ? [admins] : [])],
  };
  // JSON.stringify has no such number
  return JSON.stringify(all, undefined, 2).replace('"level": 0', `"level": ${exactLevel}`);
}
