using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;
using Orleans.Streams;
using Eventually = Broker.Tests.Gateway.Eventually;

namespace Broker.Tests.Embedded;

/// <summary>Streams within one process: as much of Orleans' streams as an events feed needs.</summary>
public sealed class StreamTests : IAsyncDisposable
{
    private const string Provider = "news";

    private readonly GrainHostFixture _fixture = new(add: services => services.AddEmbeddedStreams(Provider));
    private readonly ConcurrentQueue<int> _seen = new();

    private IAsyncStream<int> Stream => StreamOf("a");

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task What_a_grain_publishes_comes_to_all_subscribers_in_order()
    {
        ConcurrentQueue<int> other = new();
        await Stream.SubscribeAsync(TakeAsync);
        await Stream.SubscribeAsync((item, _) =>
        {
            other.Enqueue(item);
            return Task.CompletedTask;
        });
        await _fixture.Script().Run(async grain =>
        {
            IAsyncStream<int> stream = ((Grain)(object)grain).GetStreamProvider(Provider).GetStream<int>(StreamId.Create("test", "a"));
            for (int i = 0; i < 100; i++) await stream.OnNextAsync(i);
        });
        await Eventually.TrueAsync(() => _seen.Count == 100 && other.Count == 100);
        Assert.Equal(Enumerable.Range(0, 100), _seen);
        Assert.Equal(Enumerable.Range(0, 100), other);
    }

    [Fact]
    public async Task The_next_item_waits_until_the_last_one_is_done_with()
    {
        TaskCompletionSource gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await Stream.SubscribeAsync(async (item, _) =>
        {
            _seen.Enqueue(item);
            await gate.Task;
            _seen.Enqueue(-item);
        });
        await Stream.OnNextAsync(1);
        await Stream.OnNextAsync(2);
        await Eventually.TrueAsync(() => !_seen.IsEmpty);
        gate.SetResult();
        await Eventually.TrueAsync(() => _seen.Count == 4);
        Assert.Equal([1, -1, 2, -2], _seen);
    }

    [Fact]
    public async Task Who_has_unsubscribed_gets_nothing_more()
    {
        StreamSubscriptionHandle<int> first = await Stream.SubscribeAsync(TakeAsync);
        await Stream.OnNextAsync(1);
        await Eventually.TrueAsync(() => _seen.Count == 1);
        await first.UnsubscribeAsync();
        await first.UnsubscribeAsync();
        await Stream.OnNextAsync(2);
        StreamSubscriptionHandle<int> second = await Stream.SubscribeAsync(TakeAsync);
        Assert.NotEqual(first.HandleId, second.HandleId);
        await Stream.OnNextAsync(3);
        await Eventually.TrueAsync(() => _seen.Count == 2);
        Assert.Equal([1, 3], _seen);
    }

    [Fact]
    public async Task A_subscriber_that_fails_goes_on_and_disturbs_nobody()
    {
        await Stream.SubscribeAsync((item, _) => item == 1 ? throw new InvalidOperationException("no") : TakeAsync(10 * item, null));
        await Stream.SubscribeAsync(TakeAsync);
        await Stream.OnNextAsync(1);
        await Stream.OnNextAsync(2);
        await Eventually.TrueAsync(() => _seen.Count == 3);
        Assert.Equal([1, 2, 20], _seen.Order());
    }

    [Fact]
    public async Task Streams_are_told_apart_by_name_and_by_what_goes_over_them()
    {
        await Stream.SubscribeAsync(TakeAsync);
        await StreamOf("b").OnNextAsync(1);
        await Client.GetStreamProvider(Provider).GetStream<long>(StreamId.Create("test", "a")).OnNextAsync(2);
        await StreamOf("a").OnNextAsync(3);
        await Eventually.TrueAsync(() => !_seen.IsEmpty);
        Assert.Equal([3], _seen);
    }

    [Fact]
    public void A_provider_that_was_not_added_is_not_found() =>
        Assert.Throws<KeyNotFoundException>(() => Client.GetStreamProvider("other"));

    private IClusterClient Client => _fixture.Services.GetRequiredService<IClusterClient>();

    private IAsyncStream<int> StreamOf(string key) => Client.GetStreamProvider(Provider).GetStream<int>(StreamId.Create("test", key));

    private Task TakeAsync(int item, StreamSequenceToken? token)
    {
        _seen.Enqueue(item);
        return Task.CompletedTask;
    }
}
