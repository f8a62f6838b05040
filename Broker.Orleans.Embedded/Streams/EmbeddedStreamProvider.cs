using System.Collections.Concurrent;
using Orleans;
using Orleans.Runtime;
using Orleans.Streams;

namespace Broker.Orleans.Embedded;

/// <summary>The streams of this process.</summary>
internal sealed class EmbeddedStreamProvider(string name, EmbeddedGrainHost host, IGrainFactory grains) : IStreamProvider
{
    private readonly ConcurrentDictionary<(StreamId Id, Type Item), object> _streams = new();

    public string Name => name;

    public bool IsRewindable => false;

    public IGrainFactory Grains => grains;

    public HostLog Log => host.Log;

    public IAsyncStream<T> GetStream<T>(StreamId streamId) => (IAsyncStream<T>)_streams.GetOrAdd(
        (streamId, typeof(T)), static (key, provider) => new EmbeddedStream<T>(provider, key.Id), this);
}
