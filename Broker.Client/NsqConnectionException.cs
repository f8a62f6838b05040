namespace Broker.Client;

/// <summary>No connection could be made, or it was lost before the answer came.</summary>
public sealed class NsqConnectionException : NsqException
{
    internal NsqConnectionException(string message, Exception? inner = null, bool mayHaveBeenPublished = false)
        : base(message, inner) => MayHaveBeenPublished = mayHaveBeenPublished;

    /// <summary>
    /// Whether the messages of the failed publish had been sent, so that the server may have taken them: publishing them
    /// again may then double them. False when they certainly were not published.
    /// </summary>
    public bool MayHaveBeenPublished { get; }
}
