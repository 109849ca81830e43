# Completion for fish: options and their choices after `python -m ablations.<command>`.
# To use it: source docs/completion.fish, in the project's folder.
function __wikiart_command
    string match -qr '^\S+ -m ablations\.\S+ ' -- (commandline -cp)
end
function __wikiart_complete
    set -l words (commandline -opc)
    set -lx COMP_WORDS (string replace -r '^\S+ -m ' '' -- (commandline -cp))
    set -lx COMP_CWORD (commandline -t)
    set -lx _WIKIART_COMPLETE fish_complete
    $words[1] -m $words[3] 2>/dev/null | string replace -fr '^plain,' ''
    or __fish_complete_path $COMP_CWORD
end
complete -c python -c python3 -n __wikiart_command -f -a '(__wikiart_complete)'
