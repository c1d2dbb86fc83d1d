using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;

namespace Idiolect.Tests.Architecture;

/// <summary>Finds the types and members that a method's instructions name.</summary>
internal static class Instructions
{
    private static readonly Dictionary<short, OpCode> Codes = typeof(OpCodes).GetFields()
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value);

    internal static IEnumerable<EntityHandle> Tokens(byte[] code)
    {
        for (var at = 0; at < code.Length;)
        {
            var instruction = code[at] == 0xFE ? Codes[unchecked((short)(0xFE00 | code[at + 1]))] : Codes[code[at]];
            at += instruction.Size;
            switch (instruction.OperandType)
            {
                case OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineType or OperandType.InlineTok or OperandType.InlineSig:
                    yield return MetadataTokens.EntityHandle(BitConverter.ToInt32(code, at));
                    at += 4;
                    break;
                case OperandType.InlineSwitch:
                    at += 4 + (4 * BitConverter.ToInt32(code, at));
                    break;
                default:
                    at += SizeOf(instruction.OperandType);
                    break;
            }
        }
    }

    private static int SizeOf(OperandType operand) => operand switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        _ => 4,
    };
}
