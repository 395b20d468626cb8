/** The `fota` command. Resolves to its exit code. */
export async function main(args: readonly string[]): Promise<number> {
  process.stderr.write(`fota ${args.join(' ')}: not there yet\n`);
  return 2;
}
