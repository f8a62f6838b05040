using Orleans;

namespace Broker.Storage;

/// <summary>The store failed. The message is one sentence that says what could not be done and why, fit to be shown to a client.</summary>
[GenerateSerializer, Alias("Broker.StoreException")]
public class StoreException : Exception
{
    /// <summary>Makes one.</summary>
    public StoreException(string message, Exception? inner = null) : base(message, inner)
    {
    }
}
