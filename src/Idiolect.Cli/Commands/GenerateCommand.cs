using System.CommandLine;

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Cli.Runs;
using Idiolect.Generation;
using Idiolect.Recipes;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect generate</c>: lets a model write.</summary>
internal static class GenerateCommand
{
    private const int UsualTokens = 200;

    /// <summary>What <c>generate</c> was asked for.</summary>
    internal sealed record Request
    {
        public required string Folder { get; init; }

        /// <summary>An empty one begins from the model's beginning-of-text token.</summary>
        public IReadOnlyList<string> Prompts { get; init; } = [""];

        // What is null here, the model's generation_config.json says, or the tool.
        public int? MaximumTokens { get; init; }

        public double? Temperature { get; init; }

        public int? TopK { get; init; }

        public double? TopP { get; init; }

        public double? MinimumP { get; init; }

        public double? RepetitionPenalty { get; init; }

        public IReadOnlyList<string> Stop { get; init; } = [];

        /// <summary>Null: another text each time.</summary>
        public ulong? Seed { get; init; }

        public int? Samples { get; init; }

        public int? Threads { get; init; }

        public bool LogProbabilities { get; init; }

        internal GenerationOptions ToOptions(GenerationDefaults defaults)
        {
            var usual = defaults.Over(new GenerationOptions { MaxTokens = UsualTokens });
            return usual with
            {
                MaxTokens = MaximumTokens ?? usual.MaxTokens,
                MaxLength = MaximumTokens is null ? usual.MaxLength : null,
                Temperature = (float?)Temperature ?? usual.Temperature,
                TopK = TopK ?? usual.TopK,
                TopP = (float?)TopP ?? usual.TopP,
                MinP = (float?)MinimumP ?? usual.MinP,
                RepetitionPenalty = (float?)RepetitionPenalty ?? usual.RepetitionPenalty,
                StopStrings = Stop.Count > 0 ? Stop : usual.StopStrings,
                Seed = Seed ?? (ulong)Random.Shared.NextInt64(),
                Samples = Samples ?? usual.Samples,
                Threads = Threads ?? 0,
                LogProbabilities = LogProbabilities,
            };
        }
    }

    internal static Command Create(Terminal terminal)
    {
        var run = Flag.Run();
        var prompt = new Option<string[]>("--prompt")
        {
            Description = "Text to continue; may be given several times  [none: begin a new text]",
            HelpName = "TEXT",
        };
        var tokens = Flag.Count("--max-tokens", "Longest continuation, in tokens  [the model's generation_config.json, else 200]");
        var temperature = Flag.Number("--temperature", "0 takes the likeliest token always, 1 draws as the model believes  [as above, else 0.8]", 0, 100);
        var topK = Flag.Count("--top-k", "Draw among the K likeliest tokens");
        var topP = Flag.Number("--top-p", "Draw among the likeliest tokens that together have this probability", 0.0001, 1);
        var minimumP = Flag.Number("--min-p", "Draw among tokens at least this share as likely as the likeliest", 0, 0.9999);
        var penalty = Flag.Number("--repetition-penalty", "Above 1 makes tokens that were used less likely  [as above, else 1]", 0.01, 100);
        var stop = new Option<string[]>("--stop") { Description = "End before this text; may be given several times", HelpName = "TEXT" };
        var seed = Flag.Seed();
        var samples = Flag.Count("--samples", "Texts to write for each prompt  [as above, else 1]");
        var logProbabilities = new Option<bool>("--logprobs") { Description = "With --json: how likely the model held each token, as a natural logarithm" };
        var threads = Flag.Threads();
        var json = Flag.Json();
        var command = new Command("generate", "Let a model write")
        {
            run, prompt, tokens, temperature, topK, topP, minimumP, penalty, stop, seed, samples, logProbabilities, threads, json,
        };
        command.WithExamples(
            "idiolect generate",
            "idiolect generate latest --prompt 'Returns the number of' --max-tokens 100",
            "idiolect generate quiet-harbor --temperature 0.7 --top-p 0.9 --samples 4",
            "idiolect generate ./my-model --prompt 'Once upon' --stop '\\n' --seed 1");
        command.SetAction((parsed, cancellationToken) =>
        {
            if (parsed.GetValue(logProbabilities) && !parsed.GetValue(json))
            {
                throw new ArgumentException("--logprobs needs --json");
            }
            var request = new Request { Folder = new NamedRuns(RunFolders.DefaultRoot).Find(parsed.GetValue(run)) };
            request = request with
            {
                Prompts = parsed.GetValue(prompt) is { Length: > 0 } given ? given : request.Prompts,
                MaximumTokens = parsed.GetValue(tokens),
                Temperature = parsed.GetValue(temperature),
                TopK = parsed.GetValue(topK),
                TopP = parsed.GetValue(topP),
                MinimumP = parsed.GetValue(minimumP),
                RepetitionPenalty = parsed.GetValue(penalty),
                Stop = [.. (parsed.GetValue(stop) ?? []).Select(Unescape)],
                Seed = parsed.GetValue(seed),
                Samples = parsed.GetValue(samples),
                Threads = parsed.GetValue(threads),
                LogProbabilities = parsed.GetValue(logProbabilities),
            };
            return GenerateAsync(request, terminal, parsed.GetValue(json), cancellationToken);
        });
        return command;
    }

    // A shell makes it hard to type a line break, the commonest of stops.
    internal static string Unescape(string text) => text
        .Replace("\\n", "\n", StringComparison.Ordinal)
        .Replace("\\t", "\t", StringComparison.Ordinal);

    private static async Task<int> GenerateAsync(Request request, Terminal terminal, bool json, CancellationToken cancellationToken)
    {
        using var model = ModelLocation.Open(request.Folder, LanguageModel.Load);
        var options = request.ToOptions(model.GenerationDefaults);
        if (model.GenerationDefaults.Unsupported is { Count: > 0 } passedOver)
        {
            terminal.WriteError($"{GenerationDefaults.FileName} also asks for {string.Join(", ", passedOver)}, which idiolect does not have; the text is written without");
        }
        var output = new GenerationOutput(terminal, json, request.Prompts, options.Samples);
        var statistics = new GenerationStatistics();
        // A prompt that cannot be read is refused here, before any is shown.
        var pieces = model.GenerateAsync(request.Prompts, options, statistics, cancellationToken);
        output.Begin();
        await foreach (var piece in pieces.ConfigureAwait(false))
        {
            output.Append(piece);
        }
        output.Done(statistics.PromptTokensPerSecond, statistics.TokensPerSecond);
        return ExitCode.Success;
    }
}
