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
    /// <summary>What <c>generate</c> was asked for.</summary>
    internal sealed record Request
    {
        public required string Folder { get; init; }

        /// <summary>An empty one begins from the model's beginning-of-text token.</summary>
        public IReadOnlyList<string> Prompts { get; init; } = [""];

        public int MaximumTokens { get; init; } = 200;

        public double Temperature { get; init; } = 0.8;

        public int? TopK { get; init; }

        public double? TopP { get; init; }

        public double? MinimumP { get; init; }

        public double RepetitionPenalty { get; init; } = 1;

        public IReadOnlyList<string> Stop { get; init; } = [];

        /// <summary>Null: another text each time.</summary>
        public ulong? Seed { get; init; }

        public int Samples { get; init; } = 1;

        public int? Threads { get; init; }

        public bool LogProbabilities { get; init; }

        internal GenerationOptions ToOptions() => new()
        {
            MaxTokens = MaximumTokens,
            Temperature = (float)Temperature,
            TopK = TopK ?? 0,
            TopP = (float)(TopP ?? 1),
            MinP = (float)(MinimumP ?? 0),
            RepetitionPenalty = (float)RepetitionPenalty,
            StopStrings = Stop,
            Seed = Seed ?? (ulong)Random.Shared.NextInt64(),
            Samples = Samples,
            Threads = Threads ?? 0,
            LogProbabilities = LogProbabilities,
        };
    }

    internal static Command Create(Terminal terminal)
    {
        var run = Flag.Run();
        var prompt = new Option<string[]>("--prompt")
        {
            Description = "Text to continue; may be given several times  [none: begin a new text]",
            HelpName = "TEXT",
        };
        var tokens = Flag.Count("--max-tokens", "Longest continuation, in tokens  [200]");
        var temperature = Flag.Number("--temperature", "0 takes the likeliest token always, 1 draws as the model believes  [0.8]", 0, 100);
        var topK = Flag.Count("--top-k", "Draw among the K likeliest tokens");
        var topP = Flag.Number("--top-p", "Draw among the likeliest tokens that together have this probability", 0.0001, 1);
        var minimumP = Flag.Number("--min-p", "Draw among tokens at least this share as likely as the likeliest", 0, 0.9999);
        var penalty = Flag.Number("--repetition-penalty", "Above 1 makes tokens that were used less likely  [1]", 0.01, 100);
        var stop = new Option<string[]>("--stop") { Description = "End before this text; may be given several times", HelpName = "TEXT" };
        var seed = Flag.Seed();
        var samples = Flag.Count("--samples", "Texts to write for each prompt  [1]");
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
                MaximumTokens = parsed.GetValue(tokens) ?? request.MaximumTokens,
                Temperature = parsed.GetValue(temperature) ?? request.Temperature,
                TopK = parsed.GetValue(topK),
                TopP = parsed.GetValue(topP),
                MinimumP = parsed.GetValue(minimumP),
                RepetitionPenalty = parsed.GetValue(penalty) ?? request.RepetitionPenalty,
                Stop = [.. (parsed.GetValue(stop) ?? []).Select(Unescape)],
                Seed = parsed.GetValue(seed),
                Samples = parsed.GetValue(samples) ?? request.Samples,
                Threads = parsed.GetValue(threads),
                LogProbabilities = parsed.GetValue(logProbabilities),
            };
            return GenerateAsync(request, new GenerationOutput(terminal, parsed.GetValue(json), request.Prompts, request.Samples), cancellationToken);
        });
        return command;
    }

    // A shell makes it hard to type a line break, the commonest of stops.
    internal static string Unescape(string text) => text
        .Replace("\\n", "\n", StringComparison.Ordinal)
        .Replace("\\t", "\t", StringComparison.Ordinal);

    private static async Task<int> GenerateAsync(Request request, GenerationOutput output, CancellationToken cancellationToken)
    {
        using var model = ModelLocation.Open(request.Folder, LanguageModel.Load);
        var statistics = new GenerationStatistics();
        // A prompt that cannot be read is refused here, before any is shown.
        var pieces = model.GenerateAsync(request.Prompts, request.ToOptions(), statistics, cancellationToken);
        output.Begin();
        await foreach (var piece in pieces.ConfigureAwait(false))
        {
            output.Append(piece);
        }
        output.Done(statistics.PromptTokensPerSecond, statistics.TokensPerSecond);
        return ExitCode.Success;
    }
}
