namespace Broker.Storage.Files.Nsqd;

/// <summary>Names of nsqd's topics and channels (spec 1.4).</summary>
internal static class NsqdName
{
    private const int MaxLength = 64;

    public static bool IsValid(string? name)
    {
        if (name is null || name.Length is 0 or > MaxLength)
            return false;
        ReadOnlySpan<char> plain = EphemeralName.Matches(name) ? name.AsSpan(0, name.Length - EphemeralName.Suffix.Length) : name;
        foreach (char c in plain)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-'))
                return false;
        }
        return plain.Length > 0;
    }
}
