namespace Broker.Client;

/// <summary>What this library throws when a server, or the way to it, fails.</summary>
public abstract class NsqException : Exception
{
    private protected NsqException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
