using System.CommandLine;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect completion</c>: prints the script that teaches a shell to complete the verbs, flags and runs.</summary>
internal static class CompletionCommand
{
    // Each asks the program itself through the parser's [suggest] directive, so that the scripts never grow old.
    private static readonly Dictionary<string, string> Scripts = new()
    {
        ["bash"] = """
            # Put this into ~/.bashrc:  source <(idiolect completion bash)
            _idiolect() {
                local IFS=$'\n'
                COMPREPLY=($(compgen -W "$(idiolect "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
            }
            complete -o default -F _idiolect idiolect
            """,
        ["zsh"] = """
            # Put this into ~/.zshrc:  source <(idiolect completion zsh)
            _idiolect() {
                local -a suggestions
                suggestions=("${(@f)$(idiolect "[suggest:${CURSOR}]" "${BUFFER}" 2>/dev/null)}")
                [[ -n "${suggestions[1]}" ]] && compadd -- "${suggestions[@]}"
                _files
            }
            (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
            compdef _idiolect idiolect
            """,
        ["fish"] = """
            # Put this into ~/.config/fish/config.fish:  idiolect completion fish | source
            complete -c idiolect -a '(idiolect "[suggest:"(commandline -C)"]" (commandline) 2>/dev/null)'
            """,
        ["pwsh"] = """
            # Put this into $PROFILE:  idiolect completion pwsh | Out-String | Invoke-Expression
            Register-ArgumentCompleter -Native -CommandName idiolect -ScriptBlock {
                param($word, $line, $position)
                idiolect "[suggest:$position]" "$line" | Where-Object { $_ -like "$word*" } | ForEach-Object {
                    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
                }
            }
            """,
    };

    internal static Command Create(Terminal terminal)
    {
        var command = new Command("completion", "Print the script for tab completion in a shell");
        foreach (var (shell, script) in Scripts)
        {
            var verb = new Command(shell, $"Print the script for {shell}");
            verb.SetAction(_ => terminal.Out.Write(script.ReplaceLineEndings("\n") + "\n"));
            command.Add(verb);
        }
        command.WithExamples("source <(idiolect completion bash)", "idiolect completion fish | source");
        return command;
    }
}
