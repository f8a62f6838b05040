namespace Orleans.Streams;

/// <summary>A subscription.</summary>
public abstract class StreamSubscriptionHandle<T>
{
    /// <summary>The subscription's identity.</summary>
    public abstract Guid HandleId { get; }

    /// <summary>Ends the subscription; what is on its way already may still come.</summary>
    public abstract Task UnsubscribeAsync();
}
