using Orleans.Runtime;

namespace Orleans.Streams;

/// <summary>What is known of a stream whatever goes over it.</summary>
public interface IAsyncStream
{
    /// <summary>Whether a subscription can begin in the past.</summary>
    bool IsRewindable { get; }

    /// <summary>By which name the stream's provider was added.</summary>
    string ProviderName { get; }

    /// <summary>The stream's identity.</summary>
    StreamId StreamId { get; }
}
