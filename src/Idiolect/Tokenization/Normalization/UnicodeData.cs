using System.Collections;
using System.Globalization;

namespace Idiolect.Tokenization;

/// <summary>
/// What normalisation needs to know of Unicode's characters. .NET's own normalisation is none where a program is built with invariant
/// globalisation, as the tool is, and otherwise depends on the machine's version of Unicode; ids of tokens must not.
/// </summary>
internal sealed class UnicodeData
{
    private const string Resource = "Idiolect.Tokenization.decompositions.txt";

    private static readonly Lazy<UnicodeData> Shared = new(() => new UnicodeData());

    private readonly Dictionary<int, byte> _classes = [];
    private readonly Dictionary<int, int[]> _canonical = []; // whole: nothing in them decomposes further
    private readonly Dictionary<int, int[]> _compatible = []; // whole; only where it differs from the canonical one
    private readonly Dictionary<(int First, int Second), int> _composites = [];
    private readonly BitArray _composed = new(MostCharacters); // what a composed text may hold without a second look
    private readonly BitArray _compatibleComposed = new(MostCharacters);

    private const int MostCharacters = 0x110000;

    private UnicodeData()
    {
        var steps = new Dictionary<int, (char Sign, int[] Parts)>();
        using var reader = new StreamReader(typeof(UnicodeData).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The library lacks its resource {Resource}."));
        while (reader.ReadLine() is { } line)
        {
            if (line[0] == 'C' && line.IndexOf(' ', StringComparison.Ordinal) is var space and > 0 && line.AsSpan().IndexOfAny("=!~") < 0)
            {
                AddClass(line, space);
            }
            else if (line[0] != '#')
            {
                var sign = line.AsSpan().IndexOfAny("=!~");
                steps.Add(Number(line.AsSpan(0, sign)), (line[sign], [.. line[(sign + 1)..].Split(' ').Select(part => Number(part))]));
            }
        }
        foreach (var (character, (sign, parts)) in steps)
        {
            if (sign == '=')
            {
                _composites.Add((parts[0], parts[1]), character);
            }
            if (sign != '~')
            {
                _canonical.Add(character, [.. parts.SelectMany(part => Whole(part, compatible: false))]);
            }
            int[] compatible = [.. parts.SelectMany(part => Whole(part, compatible: true))];
            if (sign == '~' || !compatible.AsSpan().SequenceEqual(_canonical[character]))
            {
                _compatible.Add(character, compatible);
            }
        }
        FindComposed(steps);

        IEnumerable<int> Whole(int character, bool compatible)
            => steps.TryGetValue(character, out var step) && (compatible || step.Sign != '~') ? step.Parts.SelectMany(part => Whole(part, compatible)) : [character];
    }

    /// <summary>The data; read at the first use.</summary>
    internal static UnicodeData Instance => Shared.Value;

    /// <summary>The canonical combining class: 0 for characters that others stand on.</summary>
    internal byte ClassOf(int character) => _classes.GetValueOrDefault(character);

    /// <summary>The whole decomposition of a character, or null where it is its own.</summary>
    internal int[]? Decomposition(int character, bool compatible)
        => (compatible && _compatible.TryGetValue(character, out var parts)) || _canonical.TryGetValue(character, out parts) ? parts : null;

    /// <summary>The character that two compose to, or -1.</summary>
    internal int Composite(int first, int second) => _composites.GetValueOrDefault((first, second), -1);

    /// <summary>Whether a text of such characters alone, whatever they stand beside, is composed already.</summary>
    internal bool IsComposed(int character, bool compatible) => (compatible ? _compatibleComposed : _composed)[character];

    private static int Number(ReadOnlySpan<char> digits) => int.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private void AddClass(string line, int space)
    {
        var number = (byte)Number(line.AsSpan(1, space - 1));
        foreach (var run in line[(space + 1)..].Split(' '))
        {
            var dash = run.IndexOf('-', StringComparison.Ordinal);
            var last = Number(run.AsSpan(dash + 1));
            for (var character = dash < 0 ? last : Number(run.AsSpan(0, dash)); character <= last; character++)
            {
                _classes.Add(character, number);
            }
        }
    }

    private void FindComposed(Dictionary<int, (char Sign, int[] Parts)> steps)
    {
        _composed.SetAll(true);
        _compatibleComposed.SetAll(true);
        foreach (var character in _classes.Keys.Concat(_composites.Keys.Select(pair => pair.Second)).Concat(Hangul.JamoThatFollow)
            .Concat(steps.Where(step => step.Value.Sign == '!').Select(step => step.Key)))
        {
            _composed[character] = _compatibleComposed[character] = false;
        }
        foreach (var character in _compatible.Keys)
        {
            _compatibleComposed[character] = false;
        }
    }
}
