using System.Text.Json;

namespace Idiolect.Tokenization;

/// <summary>What is wrong with a JSON text, without the names of the types that it should have become.</summary>
internal static class JsonProblem
{
    internal static string Of(JsonException exception)
    {
        var message = exception.Message.ReplaceLineEndings(" ");
        if (message.StartsWith("The JSON value could not be converted to", StringComparison.Ordinal)
            || message.StartsWith("Cannot get the value of a token type", StringComparison.Ordinal))
        {
            message = "a value is of another kind than expected, or out of range.";
        }
        else if (message.IndexOf("was missing required properties including: ", StringComparison.Ordinal) is >= 0 and var at)
        {
            message = $"an object lacks {message[(message.IndexOf(':', at) + 2)..]}";
        }
        var place = exception.Path is null || message.Contains(exception.Path, StringComparison.Ordinal) ? "" : $" Path: {exception.Path}.";
        return message + place;
    }
}
