namespace Broker.Protocol;

/// <summary>The rule that topic and channel names follow (spec 1.4).</summary>
public static class NsqName
{
    /// <summary>Longest name in bytes, a suffix included.</summary>
    public const int MaxLength = 64;

    private static ReadOnlySpan<byte> Suffix => "#ephemeral"u8;

    /// <summary>Whether <paramref name="name"/> is 1 to 64 of <c>[.a-zA-Z0-9_-]</c>, optionally with <c>#ephemeral</c> behind at least one.</summary>
    public static bool IsValid(ReadOnlySpan<byte> name)
    {
        if (name.Length is 0 or > MaxLength)
            return false;
        if (name.EndsWith(Suffix))
            name = name[..^Suffix.Length];
        foreach (byte b in name)
        {
            if (!char.IsAsciiLetterOrDigit((char)b) && b is not ((byte)'.' or (byte)'_' or (byte)'-'))
                return false;
        }
        return name.Length > 0;
    }

    /// <summary>Whether the topic or channel of this name is ephemeral (spec 1.4, 2.2).</summary>
    public static bool IsEphemeral(string name) => name.EndsWith("#ephemeral", StringComparison.Ordinal);

    /// <summary>The same rule for a name that is text already.</summary>
    public static bool IsValid(ReadOnlySpan<char> name)
    {
        if (name.Length > MaxLength)
            return false;
        Span<byte> bytes = stackalloc byte[MaxLength];
        return System.Text.Ascii.FromUtf16(name, bytes, out int written) == System.Buffers.OperationStatus.Done && IsValid(bytes[..written]);
    }
}
