using Orleans.Runtime;

namespace Orleans.Streams;

/// <summary>Where streams are found.</summary>
public interface IStreamProvider
{
    /// <summary>By which name the provider was added.</summary>
    string Name { get; }

    /// <summary>Whether a subscription can begin in the past.</summary>
    bool IsRewindable { get; }

    /// <summary>A stream; it is there whether anyone has used it or not.</summary>
    IAsyncStream<T> GetStream<T>(StreamId streamId);
}
