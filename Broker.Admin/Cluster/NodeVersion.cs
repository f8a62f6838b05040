namespace Broker.Admin;

/// <summary>A version of a broker, to be compared: <c>1.3.0</c>, or <c>1.3.0-alpha</c>, which comes before it.</summary>
internal readonly record struct NodeVersion(Version Number, bool IsFinal) : IComparable<NodeVersion>
{
    /// <summary>Reads a version; what is none is the oldest.</summary>
    public static NodeVersion Of(string text)
    {
        int dash = text.IndexOfAny(['-', '+']);
        return Version.TryParse(dash < 0 ? text : text[..dash], out Version? number)
            ? new NodeVersion(number, dash < 0 || text[dash] == '+')
            : new NodeVersion(new Version(0, 0, 0), true);
    }

    /// <inheritdoc/>
    public int CompareTo(NodeVersion other) =>
        Number.CompareTo(other.Number) is not 0 and int order ? order : IsFinal.CompareTo(other.IsFinal);
}
