using System.CommandLine;

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Cli.Runs;
using Idiolect.Data;
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
            Description = "Text to continue; may be given several times  [standard input; without, begin a new text]",
            HelpName = "TEXT",
        };
        var promptFile = Flag.Text("--prompt-file", "File of the text to continue, or - for standard input; a line break at its end is left out", "FILE");
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
            run, prompt, promptFile, tokens, temperature, topK, topP, minimumP, penalty, stop, seed, samples, logProbabilities, threads, json,
        };
        command.WithExamples(
            "idiolect generate",
            "idiolect generate latest --prompt 'Returns the number of' --max-tokens 100",
            "idiolect generate latest --prompt-file chapter.txt",
            "idiolect generate quiet-harbor --temperature 0.7 --top-p 0.9 --samples 4",
            "idiolect generate ./my-model --prompt 'Once upon' --stop '\\n' --seed 1");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(logProbabilities) && !parsed.GetValue(json))
            {
                throw new ArgumentException("--logprobs needs --json");
            }
            var prompts = await ReadPromptsAsync(parsed.GetValue(prompt) ?? [], parsed.GetValue(promptFile), terminal, cancellationToken).ConfigureAwait(false);
            var request = new Request { Folder = new NamedRuns(RunFolders.DefaultRoot).Find(parsed.GetValue(run)) };
            request = request with
            {
                Prompts = prompts.Length > 0 ? prompts : request.Prompts,
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
            return await GenerateAsync(request, terminal, parsed.GetValue(json), cancellationToken).ConfigureAwait(false);
        });
        return command;
    }

    /// <summary>The prompts of the flags, or what is piped in as one.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="ArgumentException">Prompts were given in two ways.</exception>
    private static async Task<string[]> ReadPromptsAsync(string[] given, string? file, Terminal terminal, CancellationToken cancellationToken)
    {
        if (file is null)
        {
            return given.Length > 0 ? given
                : await StandardInput.ReadPipedAsync(terminal, "beginning a new text (--prompt-file - waits for it)", cancellationToken).ConfigureAwait(false)
                    is { } piped ? [WithoutLastBreak(piped)] : [];
        }
        return given.Length > 0 ? throw new ArgumentException("--prompt and --prompt-file both give prompts; leave one out")
            : file == StandardInput.Name ? [WithoutLastBreak(await StandardInput.ReadAsync(terminal, cancellationToken).ConfigureAwait(false))]
            : File.Exists(file) ? [WithoutLastBreak(Utf8Text.Read(file))]
            : throw new FileNotFoundException($"there is no file {file}; --prompt-file names a text to continue, --prompt holds one", file);
    }

    /// <summary>Editors and <c>echo</c> end a file with a line break, which is none of the text.</summary>
    internal static string WithoutLastBreak(string text)
        => text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;

    // A shell makes it hard to type a line break, the commonest of stops.
    internal static string Unescape(string text) => text
        .Replace("\\n", "\n", StringComparison.Ordinal)
        .Replace("\\t", "\t", StringComparison.Ordinal);

    private static async Task<int> GenerateAsync(Request request, Terminal terminal, bool json, CancellationToken cancellationToken)
    {
        using var model = await Patience.WaitAsync(
            Task.Run(() => ModelLocation.Open(request.Folder, LanguageModel.Load), CancellationToken.None), () => true, cancellationToken).ConfigureAwait(false);
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
        try
        {
            await foreach (var piece in pieces.ConfigureAwait(false))
            {
                output.Append(piece);
            }
        }
        catch (OperationCanceledException)
        {
            output.Interrupt(); // what was written stands
            throw;
        }
        output.Done(statistics.PromptTokensPerSecond, statistics.TokensPerSecond);
        return ExitCode.Success;
    }
}
