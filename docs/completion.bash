# Completion for bash: options and their choices after `python -m ablations.<command>`.
# To use it: source docs/completion.bash, in the project's folder.
_wikiart_complete() {
  [[ "${COMP_WORDS[1]} ${COMP_WORDS[2]}" == "-m ablations."* && "$COMP_CWORD" -ge 3 ]] || return
  local kind value
  COMPREPLY=()
  while IFS=, read -r kind value; do
    [ "$kind" != plain ] || COMPREPLY+=("$value")
  done < <(
    COMP_WORDS="${COMP_WORDS[*]:2}" COMP_CWORD=$((COMP_CWORD - 2)) _WIKIART_COMPLETE=bash_complete \
      "${COMP_WORDS[0]}" -m "${COMP_WORDS[2]}" 2>/dev/null
  )
}
complete -o bashdefault -o default -F _wikiart_complete python python3
