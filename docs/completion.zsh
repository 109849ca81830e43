# Completion for zsh: options and their choices after `python -m ablations.<command>`.
# To use it: source docs/completion.zsh, in the project's folder, after compinit.
_wikiart_complete() {
  if [[ "${words[2]} ${words[3]}" != "-m ablations."* ]] || ((CURRENT < 4)); then
    _python "$@"
    return
  fi
  local kind value help
  local -a candidates
  # Three lines for each candidate: its kind, its value, its help or "_".
  for kind value help in "${(@f)$(
    COMP_WORDS="${words[3,-1]}" COMP_CWORD=$((CURRENT - 3)) _WIKIART_COMPLETE=zsh_complete \
      "${words[1]}" -m "${words[3]}" 2>/dev/null
  )}"; do
    [[ $kind == plain ]] || continue
    if [[ $help == _ ]]; then candidates+=("${value//:/\\:}"); else candidates+=("$value:$help"); fi
  done
  if ((#candidates)); then _describe option candidates; else _files; fi
}
compdef _wikiart_complete python python3
