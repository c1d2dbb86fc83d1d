using System.Text.Json;

namespace Idiolect.Cli.Tests;

/// <summary>Translation through the real executable.</summary>
[Trait("Lane", "Full")]
public sealed class TranslateTests : IDisposable
{
    private const string Tiny = "train --task translate --data pairs.tsv --width 16 --layers 1 --context 64 --batch 200 --steps 12 --eval-every 6 --vocab 300 --json";

    private readonly TemporaryFolder folder = new();

    public TranslateTests() => File.WriteAllText(folder.Combine("pairs.tsv"), string.Join('\n', Enumerable.Range(0, 150).Select(i =>
        $"the {Word(i)} was {(i % 2 == 0 ? "found" : "read")}\tder {Word(i)} wurde {(i % 2 == 0 ? "gefunden" : "gelesen")}")));

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("transformer")]
    [InlineData("gpt")]
    [InlineData("lstm")]
    [InlineData("lstm-attention")]
    public async Task A_translation_is_trained_scored_resumed_and_used(string model)
    {
        var trained = await JsonAsync($"{Tiny} --name first --model {model}{(model.StartsWith("lstm", StringComparison.Ordinal) ? "" : " --heads 2")}");
        var corpus = trained.Single(news => news.GetProperty("event").GetString() == "corpus");
        Assert.Equal(0, corpus.GetProperty("overlap").GetInt32());
        Assert.Equal(150, corpus.EnumerateObject().Where(field => field.Name.EndsWith("Pairs", StringComparison.Ordinal)).Sum(field => field.Value.GetInt32()));
        Assert.Equal(Math.Min(10, corpus.GetProperty("testPairs").GetInt32()), trained.Count(news => news.GetProperty("event").GetString() == "translation"));
        var done = trained[^1];
        Assert.Equal("done", done.GetProperty("event").GetString());
        Assert.InRange(done.GetProperty("bleu").GetDouble(), 0, 100);
        Assert.InRange(done.GetProperty("chrf").GetDouble(), 0, 100);
        Assert.True(done.GetProperty("nearestBleu").GetDouble() > done.GetProperty("copyBleu").GetDouble());
        Assert.Equal(corpus.GetProperty("testPairs").GetInt32(), File.ReadLines(folder.Combine("runs/first/translations.tsv")).Count());

        var measured = Assert.Single(await JsonAsync("eval --json")); // what the training says at its end
        Assert.Equal(done.GetProperty("bleu").GetDouble(), measured.GetProperty("bleu").GetDouble());
        Assert.Equal(done.GetProperty("chrf").GetDouble(), measured.GetProperty("chrf").GetDouble());

        Assert.Equal("error: --batches means nothing to a run that translates; leave it out", (await RunAsync("eval --batches 2")).Error.TrimEnd());

        var resumed = await JsonAsync("train --resume first --steps 14 --json");
        Assert.Equal(14, resumed[^1].GetProperty("steps").GetInt32());
        Assert.Equal(12, resumed.Single(news => news.GetProperty("event").GetString() == "start").GetProperty("stepsDone").GetInt32());

        var translated = await JsonAsync("translate --json --text found");
        Assert.Equal(["translation", "done"], translated.Select(news => news.GetProperty("event").GetString()!));
        Assert.Equal("found", translated[0].GetProperty("source").GetString());
        File.WriteAllText(folder.Combine("in.txt"), "the a\n\n  \nthe b\n");
        var lines = (await RunAsync("translate first --file in.txt --beams 1")).Out.Split(Environment.NewLine);
        Assert.Equal((5, "", "", ""), (lines.Length, lines[1], lines[2], lines[4])); // a blank line stays one

        Assert.Matches(@"^1 text is longer than \d+ tokens; only its beginning was read\s*$", (await RunAsync($"translate first --text {new string('x', 999)}")).Error);

        if (model != "gpt")
        {
            var refused = await RunAsync("generate first");
            Assert.Equal(1, refused.ExitCode);
            Assert.Contains("let it `translate`", refused.Error, StringComparison.Ordinal);
            Assert.Contains("which does nothing but translate", (await RunAsync("embed first --text a")).Error, StringComparison.Ordinal);
        }
        var info = Assert.Single(await JsonAsync("info --json"));
        Assert.True(info.GetProperty("model").GetProperty("parameters").GetInt64() > 1000);
    }

    [Fact]
    public async Task Of_several_languages_one_can_be_measured()
    {
        File.WriteAllLines(folder.Combine("many.jsonl"), Enumerable.Range(0, 150).Select(
            i => $$"""{"en": "the {{Word(i)}} was found", "de": "der {{Word(i)}} wurde gefunden", "fr": "le {{Word(i)}} est là"}"""));
        var trained = await JsonAsync($"{Tiny.Replace("pairs.tsv", "many.jsonl", StringComparison.Ordinal)} --heads 2 --to de,fr --name babel");
        Assert.Equal(0, trained.Single(news => news.GetProperty("event").GetString() == "corpus").GetProperty("overlap").GetInt32());

        var german = Assert.Single(await JsonAsync("eval babel --to de --json"));
        var french = Assert.Single(await JsonAsync("eval babel --to fr --json"));
        var refused = await RunAsync("eval babel --to es");

        Assert.NotEqual(german.GetProperty("copyChrf").GetDouble(), french.GetProperty("copyChrf").GetDouble());
        Assert.Equal(
            trained[^1].GetProperty("testSentences").GetInt32(),
            german.GetProperty("testSentences").GetInt32() + french.GetProperty("testSentences").GetInt32());
        Assert.Equal("error: this model translates into de, fr, not into \"es\"", refused.Error.TrimEnd('\n').TrimEnd('\r'));
    }

    [Theory]
    [InlineData("train --to fr", "--to needs --task translate")]
    [InlineData("train --task translate --to xx", "dotnet-resources has no language \"xx\"")]
    [InlineData("train --task translate --to en", "the source language en is among the target languages")]
    [InlineData("train --task translate --data missing.tsv", "There is no file missing.tsv")]
    [InlineData("train --task translate --tokenizer char --data pairs.tsv", "has no token that ends a text")]
    [InlineData("translate nowhere --text a", "nowhere")]
    [InlineData("translate", "give a sentence with --text, a file with --file, or pipe sentences in")]
    public async Task What_cannot_be_done_is_refused_in_one_line(string line, string words)
    {
        var result = await RunAsync(line);
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith("error: ", result.Error, StringComparison.Ordinal);
        Assert.Contains(words, result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.TrimEnd('\n').Split('\n'));
    }

    /// <summary>A number in letters, because digits do not count.</summary>
    private static string Word(int number) => string.Concat(number.ToString("D3", null).Select(digit => (char)('a' + digit - '0')));

    private Task<Cli.Result> RunAsync(string line) => Cli.RunProcessAsync(folder.Path, Cli.Executable, line.Split(' '));

    private async Task<JsonElement[]> JsonAsync(string line)
    {
        var result = await RunAsync(line);
        Assert.Equal("", result.Error);
        Assert.Equal(0, result.ExitCode);
        return [.. result.Out.TrimEnd().Split('\n').Select(text => JsonDocument.Parse(text).RootElement)];
    }
}
