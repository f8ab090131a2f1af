import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

/** What the tests read of a service in docker-compose.yml, in the forms that the file uses. */
export interface Service {
  image: string
  build?: string
  command?: string[]
  user?: string
  environment?: Record<string, string>
  read_only?: boolean
  privileged?: boolean
  pids_limit?: number
  cap_drop?: string[]
  cap_add?: string[]
  security_opt?: string[]
  restart?: string
  ports?: string[]
  network_mode?: string
  networks?: string[] | Record<string, { ipv4_address: string }>
  volumes?: string[]
  depends_on?: Record<string, { condition: string }>
  healthcheck?: { test?: string[]; disable?: boolean }
  deploy?: { resources?: { limits?: { cpus?: string; memory?: string } } }
}

export interface ComposeFile {
  services: Record<string, Service>
  volumes: Record<string, null>
  networks: Record<
    string,
    { internal?: boolean; ipam?: { config: { subnet: string; ip_range: string }[] } } | null
  >
}

/** docker-compose.yml as it stands in the repository, merges resolved and `${NAME:-default}` left as text. */
export const composeFile: ComposeFile = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true })

/** The named service; the test fails where there is none. */
export function service(name: string): Service {
  const found = composeFile.services[name]
  if (found === undefined) throw new Error(`docker-compose.yml has no service ${name}`)
  return found
}

/** A service's environment with every `${NAME:-default}` replaced by its default, as on a machine that sets nothing. */
export function environmentOf(name: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(service(name).environment ?? {}).map(([key, value]) => [
      key,
      value.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1'),
    ]),
  )
}
