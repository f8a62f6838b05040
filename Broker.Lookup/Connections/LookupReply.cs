namespace Broker.Lookup.Connections;

/// <summary>What a lookup service answers to a command. It frames no type: errors are told apart by their <c>E_</c> (spec 4.1).</summary>
/// <param name="Data">The answer's bytes.</param>
/// <param name="IsFatal">Whether the connection ends with it, as with every error.</param>
internal readonly record struct LookupReply(byte[] Data, bool IsFatal)
{
    public static readonly LookupReply Ok = new("OK"u8.ToArray(), false);

    /// <summary>An error; the connection ends with it.</summary>
    /// <param name="text">Latin-1, so that bytes of a command that are quoted in it come back as they were.</param>
    public static LookupReply Error(string text) => new(System.Text.Encoding.Latin1.GetBytes(text), true);
}
