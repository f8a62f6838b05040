namespace Broker.Protocol;

/// <summary>The decimal numbers in command lines (spec 1.3).</summary>
public static class DecimalToken
{
    /// <summary>
    /// Reads ASCII digits as an unsigned 64-bit number that silently wraps around. An empty token is 0; a sign, a space or
    /// anything else makes it false.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> token, out ulong value)
    {
        value = 0;
        foreach (byte b in token)
        {
            uint digit = (uint)(b - '0');
            if (digit > 9)
                return false;
            value = unchecked((value * 10) + digit);
        }
        return true;
    }
}
