using System.CommandLine;

namespace Idiolect.Cli.Options;

/// <summary>A flag that takes one of a few words.</summary>
internal sealed class ChoiceOption : Option<string?>
{
    internal ChoiceOption(string name, string description, string[] choices, string? valueName = null)
        : base(name)
    {
        Description = description;
        HelpName = valueName ?? string.Join('|', choices);
        CompletionSources.Add(choices);
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (!choices.Contains(text))
            {
                result.AddError($"{name} takes {string.Join(", ", choices)}, not \"{text}\"{Spelling.DidYouMean(text, choices)}");
            }
            return text;
        };
        Arity = ArgumentArity.ExactlyOne;
    }
}
