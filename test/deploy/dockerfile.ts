import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { DockerfileParser, type Instruction, type JSONInstruction } from 'dockerfile-ast'
import { linkFolder } from './link-folder.ts'

/** A stage of the Dockerfile after its instructions were executed. */
interface Stage {
  /** The folder that stands for `/`. */
  readonly root: string
  workdir: string
  readonly environment: Record<string, string>
  command: string[]
}

/** What the Dockerfile builds, laid out in a folder. */
export interface Image extends Stage {
  /** Where a path of the image is on this machine. */
  place(path: string): string
}

const isRoot = process.geteuid?.() === 0

/**
 * Executes the Dockerfile without a container engine: every COPY from the context as .dockerignore leaves it, every
 * RUN with its own command. Folders stand for the stages. The command finds the Node that runs this test, and an
 * `npm` that links packages instead of downloading them (npm-ci.ts).
 * @param folder an empty folder
 */
export function buildImage(folder: string): Image {
  const context = path.join(folder, 'context')
  layOutContext(context)
  const programs = path.join(folder, 'programs')
  layOutPrograms(programs)

  const stages = new Map<string, Stage>()
  let stage: Stage | undefined
  for (const instruction of DockerfileParser.parse(readFileSync('Dockerfile', 'utf8')).getInstructions()) {
    const words = instruction.getExpandedArguments().map((argument) => argument.getValue())
    const content = instruction.getArgumentsContent() ?? ''
    const keyword = instruction.getKeyword()
    if (keyword === 'FROM') {
      const name = words[2] ?? 'image'
      if (!words[0]?.startsWith(`node:${process.versions.node.split('.', 1)}-`))
        throw new Error(`${words[0]} has another Node than this test`)
      stage = newStage(path.join(folder, name))
      stages.set(name, stage)
      continue
    }
    if (stage === undefined) throw new Error(`${keyword} stands before FROM`)
    switch (keyword) {
      case 'WORKDIR':
        stage.workdir = words[0] ?? ''
        mkdirSync(at(stage, stage.workdir), { recursive: true })
        break
      case 'ENV':
        for (const word of words) {
          const [name = '', ...value] = word.split('=')
          stage.environment[name] = value.join('=')
        }
        break
      case 'COPY':
        copy(instruction, words, stage, stages, context)
        break
      case 'RUN':
        run(content, stage, programs)
        break
      case 'CMD':
        stage.command = JSON.parse(content)
        break
      case 'LABEL':
      case 'USER':
      case 'VOLUME':
      case 'EXPOSE':
      case 'HEALTHCHECK':
        break
      default:
        throw new Error(`this test cannot execute ${keyword}`)
    }
  }
  const image = stages.get('image')
  if (image === undefined) throw new Error('the Dockerfile has no last stage')
  if (!isRoot) protect(at(image, image.workdir))
  return Object.assign(image, { place: (inside: string) => at(image, inside) })
}

/** Runs a Dockerfile's command through the shell, its paths led into the stage's folder. */
function run(command: string, stage: Stage, programs: string): void {
  let here = command.replaceAll(/(?<=\s)\/(?=[a-z])/g, `${stage.root}/`)
  // Only root gives a file away.
  if (!isRoot) here = here.replace(/^(install .*)-o \d+ -g \d+/, '$1')
  execFileSync('/bin/sh', ['-ec', here], {
    cwd: at(stage, stage.workdir),
    env: { ...stage.environment, PATH: `${programs}:/usr/bin:/bin`, HOME: at(stage, '/root') },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

function copy(
  instruction: Instruction,
  words: string[],
  stage: Stage,
  stages: Map<string, Stage>,
  context: string,
): void {
  const flags = (instruction as JSONInstruction).getFlags()
  const unknown = flags.find((flag) => flag.getName() !== 'from')
  if (unknown) throw new Error(`this test cannot execute COPY --${unknown.getName()}`)
  const from = flags[0]?.getValue()
  const source = from ? stages.get(from)?.root : context
  if (source === undefined) throw new Error(`there is no stage ${from} yet`)
  const target = path.resolve('/', stage.workdir, words.at(-1) ?? '')
  const intoFolder = words.at(-1)?.endsWith('/') ?? false
  for (const word of words.slice(0, -1)) {
    const found = path.join(source, word)
    if (!existsSync(found)) throw new Error(`COPY ${word}: it is not there`)
    const isFolder = statSync(found).isDirectory()
    const to = at(stage, isFolder || !intoFolder ? target : path.join(target, path.basename(word)))
    mkdirSync(path.dirname(to), { recursive: true })
    if (from && isFolder) linkFolder(found, to)
    else cpSync(found, to, { recursive: true })
  }
}

/** Copies the working tree as .dockerignore lets it in: the last line that fits a path, or a folder above it, wins. */
function layOutContext(target: string): void {
  const lines = readFileSync('.dockerignore', 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  const rules = lines.map((line) => {
    const pattern = line.replace(/^!/, '')
    const glob = pattern
      .replaceAll('.', '\\.')
      .replaceAll(/(?<!\*)\*(?!\*)/g, '[^/]*')
      .replaceAll('**', '.*')
    return { lets: line.startsWith('!'), pattern, fits: new RegExp(`^${glob}(/|$)`) }
  })
  const isIn = (file: string) => rules.findLast(({ fits }) => fits.test(file))?.lets ?? true
  const mayHold = (folder: string) =>
    isIn(folder) || rules.some(({ lets, pattern }) => lets && pattern.startsWith(`${folder}/`))
  mkdirSync(target, { recursive: true })
  const walk = (folder: string) => {
    for (const entry of readdirSync(folder || '.', { withFileTypes: true })) {
      const file = path.join(folder, entry.name)
      if (entry.isDirectory()) {
        if (mayHold(file)) walk(file)
      } else if (isIn(file)) cpSync(file, path.join(target, file))
    }
  }
  walk('')
}

function layOutPrograms(folder: string): void {
  mkdirSync(folder)
  symlinkSync(process.execPath, path.join(folder, 'node'))
  const standIn = path.join(import.meta.dirname, 'npm-ci.ts')
  const script = `#!/bin/sh\nexec '${process.execPath}' '${standIn}' '${process.cwd()}' "$@"\n`
  writeFileSync(path.join(folder, 'npm'), script, { mode: 0o755 })
}

function newStage(root: string): Stage {
  mkdirSync(root, { recursive: true })
  chmodSync(root, 0o755)
  return { root, workdir: '/', environment: {}, command: [] }
}

function at(stage: Stage, inside: string): string {
  return path.join(stage.root, path.resolve('/', stage.workdir, inside))
}

/** Takes the right to write away. Files of packages are linked to those of the repository, so only folders count. */
function protect(folder: string): void {
  for (const entry of globSync('**/', { cwd: folder })) chmodSync(path.join(folder, entry), 0o555)
  chmodSync(folder, 0o555)
}
