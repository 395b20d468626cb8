/** The scripts that teach a shell: each asks `fota __complete` for what fits, one a line, a tab before what it does. */
export const SCRIPTS: Readonly<Record<'bash' | 'zsh' | 'fish', string>> = {
  bash: `# fota completion for bash. Now: source <(fota completion bash); for ever: the same line in ~/.bashrc
_fota() {
  local line current="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  while IFS= read -r line; do
    case "$line" in
      :files | :dirs)
        compopt -o filenames 2>/dev/null
        local kind=-f
        [ "$line" = :dirs ] && kind=-d
        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen "$kind" -- "$current")
        ;;
      *) COMPREPLY+=("$(printf '%q' "\${line%%$'\\t'*}")") ;;
    esac
  done < <("\${COMP_WORDS[0]}" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _fota fota
`,
  zsh: `#compdef fota
# fota completion for zsh. Now: source <(fota completion zsh); for ever: the same line in ~/.zshrc, after compinit
_fota() {
  local line
  local -a fitting
  for line in "\${(@f)$(fota __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case "$line" in
      '') ;;
      :files) _files ;;
      :dirs) _files -/ ;;
      *) fitting+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
    esac
  done
  (( $#fitting )) && _describe fota fitting
}
compdef _fota fota
`,
  fish: `# fota completion for fish. For ever: fota completion fish > ~/.config/fish/completions/fota.fish
function __fota_complete
    set -l typed (commandline -opc)
    set -l current (commandline -ct)
    for line in (fota __complete -- $typed[2..-1] "$current" 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path "$current"
            case :dirs
                __fish_complete_directories "$current"
            case '*'
                echo $line
        end
    end
end
complete -c fota -f -a '(__fota_complete)'
`,
};
