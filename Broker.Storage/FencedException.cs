using Orleans;

namespace Broker.Storage;

/// <summary>Another opening of the topic or channel has taken over; this one must not write any more.</summary>
[GenerateSerializer, Alias("Broker.FencedException")]
public sealed class FencedException : StoreException
{
    /// <summary>Makes one.</summary>
    public FencedException(string message) : base(message)
    {
    }
}
