using System.Diagnostics.Metrics;
using System.Reflection;
using Broker.Channels;
using Broker.Grains.Channels;
using Broker.Grains.Metrics;
using Broker.Grains.Topics;
using Broker.Messages;
using Broker.Storage;
using Broker.Storage.Memory;
using Broker.Tests.Simulation;
using Broker.Tests.Simulation.Whole;
using Broker.Topics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Broker.Tests.Grains.Faults;

/// <summary>What must never be is found where it happens: one line tells of it, a metric counts it, and it does no harm.</summary>
public sealed class BreachTests : IDisposable
{
    private static readonly TimeSpan AMoment = TimeSpan.FromSeconds(1);

    private readonly SimulatedLog _log = new(new VirtualTimeProvider());
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly GrainMetrics _metrics;
    private readonly MeterListener _listener = new();
    private readonly MemoryMessageStore _store = new();
    private int _openings;
    private long _breaches;

    public BreachTests()
    {
        IMeterFactory meters = _services.GetRequiredService<IMeterFactory>();
        _metrics = new GrainMetrics(meters, 100);
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "broker.grains.breaches" && ReferenceEquals(instrument.Meter.Scope, meters))
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((_, value, _, _) => _breaches = value);
        _listener.Start();
    }

    /// <summary>Invariant 5: a feed has no undeclared gap.</summary>
    [Fact]
    public void A_feed_that_lacks_something_has_its_topic_opened_anew_and_loses_nothing()
    {
        using (GrainWorld before = World(_store))
        {
            before.Run(() => before.Topic.CreateChannelAsync("c"));
            Assert.True(before.Publish("one", "two").IsOk);
        }

        _openings = 0;
        int looks = 0;
        // What the opening takes for handed over is not what it takes for committed.
        using GrainWorld world = World(Store((method, go) => method.Name == "get_End" && ++looks == 2 ? (long)go()! - 1 : go()), seed: 2);
        Assert.True(world.Publish("three").IsOk);
        Assert.Equal((1, 2), (_openings, looks));
        Assert.True(world.Publish("four").IsOk);
        Assert.Equal(2, _openings);
        world.Scheduler.RunFor(AMoment);
        Assert.Equal(4, world.Stats("c").Depth);
        ExpectOneBreach("topic t: channel c was not handed all before offset 2; the topic is opened anew, and the channel gets everything from 1 on");
    }

    /// <summary>Invariant 5: an offer has no undeclared gap.</summary>
    [Fact]
    public void An_offer_that_lacks_something_is_counted()
    {
        using GrainWorld world = World(_store);
        long incarnation = world.Run(() => world.Topic.CreateChannelAsync("c")).Incarnation;
        OfferReply reply = world.Run(() => world.Channel("c").OfferAsync(new ChannelOffer
        {
            Incarnation = incarnation,
            From = 0,
            End = 2,
            Batches = [MessageBatch.Create(1, ["two"u8.ToArray()]).At(1)],
            Messages = 1,
            Deferred = 0,
            Gaps = 0,
        }));
        Assert.Equal(0, reply.KnownEnd);
        ExpectOneBreach("channel t:c: what the topic offers from 0 to 2 lacks 1 messages, and the channel ends at 0");
    }

    [Fact]
    public void A_topic_whose_epoch_has_not_risen_is_left_and_opened_anew()
    {
        bool fails = false;
        using GrainWorld world = World(Store((method, go) => method.Name switch
        {
            "get_Epoch" when _openings <= 2 => 7L,
            nameof(ITopicLog.SaveRecordAsync) when fails => ValueTask.FromException(new StoreException("no space left on device")),
            _ => go(),
        }));
        world.Run(() => world.Topic.CreateChannelAsync("c"));
        fails = true;
        Assert.Equal(TopicStatus.Failed, world.Run(() => world.Topic.CreateChannelAsync("d")).Status);
        fails = false;

        Assert.Throws<FencedException>(() => world.Publish("one"));
        world.Scheduler.RunFor(AMoment);
        Assert.True(world.Publish("two").IsOk);
        world.Scheduler.RunFor(AMoment);
        Assert.Equal(3, _openings);
        Assert.Equal(1, world.Stats("c").Depth);
        ExpectOneBreach("topic t: was opened under epoch 7 of generation");
    }

    [Fact]
    public void A_channel_whose_epoch_has_not_risen_is_left_and_opened_anew()
    {
        int openings = 0;
        IMessageStore store = Intercepted.Of<IMessageStore>(_store, (method, go) =>
            method.Name == nameof(IMessageStore.OpenChannelAsync) ? OpenChannelAsync(go) : go());
        using GrainWorld world = World(store);
        world.Run(() => world.Topic.CreateChannelAsync("c"));
        Assert.True(world.Publish("one").IsOk);
        world.Scheduler.RunFor(TimeSpan.FromSeconds(5));
        Assert.Equal(3, openings);
        Assert.Equal(1, world.Stats("c").Depth);
        ExpectOneBreach("channel t:c: was opened under epoch 7 after epoch 7 of the same incarnation");

        async ValueTask<IChannelProgress> OpenChannelAsync(Func<object?> go)
        {
            IChannelProgress progress = await (ValueTask<IChannelProgress>)go()!;
            int number = ++openings;
            return Intercepted.Of(progress, (method, read) => method.Name switch
            {
                "get_Epoch" when number <= 2 => 7L,
                nameof(IChannelProgress.LoadAsync) when number == 1 =>
                    ValueTask.FromException<ChannelState?>(new StoreException("the database is away")),
                _ => read(),
            });
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        _services.Dispose();
    }

    private GrainWorld World(IMessageStore store, int seed = 1) => new(store, seed, add: services => services
        .AddSingleton<ILogger<TopicGrain>>(_log)
        .AddSingleton<ILogger<ChannelGrain>>(_log)
        .AddSingleton(_metrics));

    // Stands before the logs of topics, and counts how often they are opened.
    private IMessageStore Store(Func<MethodInfo, Func<object?>, object?> call)
    {
        return Intercepted.Of<IMessageStore>(_store, (method, go) => method.Name == nameof(IMessageStore.OpenTopicAsync) ? OpenAsync(go) : go());

        async ValueTask<ITopicLog?> OpenAsync(Func<object?> go)
        {
            if (await (ValueTask<ITopicLog?>)go()! is not { } log)
                return null;
            _openings++;
            return Intercepted.Of(log, call);
        }
    }

    private void ExpectOneBreach(string line)
    {
        Assert.Contains(line, Assert.Single(_log.Lines, found => found.EndsWith("report this line", StringComparison.OrdinalIgnoreCase)));
        _listener.RecordObservableInstruments();
        Assert.Equal(1, _breaches);
    }
}
