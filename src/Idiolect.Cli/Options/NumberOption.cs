using System.CommandLine;
using System.Globalization;
using System.Numerics;

namespace Idiolect.Cli.Options;

/// <summary>A flag whose value must lie in a range.</summary>
internal interface IRanged
{
    /// <summary>What is wrong with the value given; null where it lies in the range.</summary>
    string? FindProblem(ParseResult parsed);
}

/// <summary>
/// A number, always written the invariant way (0.001). Text that is no number, and a number out of range, are usage errors (exit code 2); a
/// size that does not fit the data is an error of the request (exit code 1).
/// </summary>
internal sealed class NumberOption<T> : Option<T?>, IRanged
    where T : struct, INumber<T>, IMinMaxValue<T>
{
    private readonly T minimum;
    private readonly T maximum;

    internal NumberOption(string name, string description, T minimum, T? maximum = null)
        : base(name)
    {
        this.minimum = minimum;
        this.maximum = maximum ?? T.MaxValue;
        Description = description;
        HelpName = IsWhole ? "N" : "X";
        Arity = ArgumentArity.ExactlyOne;
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (T.TryParse(text, IsWhole ? NumberStyles.AllowLeadingSign : NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
                && T.IsFinite(value))
            {
                return value;
            }
            result.AddError($"{name} takes {(IsNumber(text) ? $"{Kind} {Range}" : Kind)}, not \"{text}\"");
            return null;
        };
    }

    private static bool IsWhole => typeof(T) == typeof(int) || typeof(T) == typeof(long) || typeof(T) == typeof(ulong);

    private static string Kind => IsWhole ? "a whole number" : "a number";

    private string Range => $"from {Say(minimum)} to {Say(maximum)}";

    /// <summary>Whether a text that the type cannot hold is a number all the same.</summary>
    private static bool IsNumber(string text) => IsWhole
        ? BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsInfinity(value);

    public string? FindProblem(ParseResult parsed) => parsed.GetValue(this) is { } value && (value < minimum || value > maximum)
        ? $"{Name} takes {Kind} {(maximum == T.MaxValue ? $"of at least {Say(minimum)}" : Range)}, not {Say(value)}"
        : null;

    private static string Say(T value) => value.ToString(null, CultureInfo.InvariantCulture);
}
