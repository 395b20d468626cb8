import { SETTINGS, type Setting } from '@libfota2/server/settings';

const HEAD = `# Settings of the upgrade server. fota serve reads this file where it is named fota.toml and lies in the data folder, or
# where --config or FOTA_CONFIG names it. Take the # before a setting away to change it; what stands there is what holds
# without. Paths begin at the folder of this file. fota config check says whether all is right.
`;

/** A file that has every setting, and changes none. */
export function configText(): string {
  const groups = [...new Set(SETTINGS.map(({ group }) => group))];
  const parts = groups.map((group) => {
    const settings = SETTINGS.filter((one) => one.group === group).map((setting) => {
      const { name, kind } = setting;
      return `# ${saysOf(setting)}\n# ${kind.wanted}\n#${name} = ${orElseOf(setting)}\n`;
    });
    return `\n# ---- ${group} ----\n\n${settings.join('\n')}`;
  });
  return HEAD + parts.join('');
}

/** What a setting does, where its name and its values stand beside it. */
export function saysOf({ orElse, says }: Setting): string {
  return orElse === true ? `false: ${says}` : says;
}

/** What it is where nobody says, in TOML; empty: nothing. */
export function orElseOf({ kind, orElse }: Setting): string {
  return orElse === undefined ? '' : kind.print(orElse);
}
