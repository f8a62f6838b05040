using Broker.Orleans.Streaming;
using Broker.Orleans.Streaming.Envelopes;
using Broker.Orleans.Streaming.Queues;
using Orleans.Runtime;
using Orleans.Streams;

namespace Broker.Tests.Streaming;

/// <summary>When a message counts as handled, which is when it may be finished.</summary>
public sealed class QueueCacheTests
{
    private static readonly StreamId Stream = StreamId.Create("n", "k");

    private readonly TestClock _clock = new();
    private long _number;

    [Fact]
    public void A_message_is_passed_when_every_cursor_asks_for_the_next_one()
    {
        QueueCache cache = NewCache();
        StreamCursor first = (StreamCursor)cache.GetCacheCursor(Stream, null);
        StreamCursor second = (StreamCursor)cache.GetCacheCursor(Stream, null);
        HeldMessage message = Add(cache);
        Assert.True(first.MoveNext());
        Assert.True(second.MoveNext());
        Assert.False(first.MoveNext());
        Assert.Empty(cache.TakePassed());
        Assert.False(second.MoveNext());
        Assert.Equal([message], cache.TakePassed());
        Assert.Empty(cache.TakePassed());
    }

    [Fact]
    public void A_message_that_is_being_handled_is_not_passed()
    {
        QueueCache cache = NewCache();
        StreamCursor cursor = (StreamCursor)cache.GetCacheCursor(Stream, null);
        HeldMessage first = Add(cache);
        HeldMessage second = Add(cache);
        Assert.True(cursor.MoveNext());
        Assert.Empty(cache.TakePassed());
        Assert.True(cursor.MoveNext());
        Assert.Equal([first], cache.TakePassed());
        Assert.Same(second.Events, cursor.GetCurrent(out _));
    }

    [Fact]
    public void Messages_that_are_delivered_together_are_passed_together()
    {
        QueueCache cache = NewCache(batchSize: 3);
        StreamCursor cursor = (StreamCursor)cache.GetCacheCursor(Stream, null);
        HeldMessage[] messages = [Add(cache), Add(cache), Add(cache), Add(cache)];
        for (int i = 0; i < 3; i++) Assert.True(cursor.MoveNext());
        // Being delivered now.
        Assert.Empty(cache.TakePassed());
        Assert.True(cursor.MoveNext());
        Assert.Equal(messages[..3], cache.TakePassed());
        // The agent finds no more for this batch, and delivers it.
        Assert.False(cursor.MoveNext());
        Assert.Empty(cache.TakePassed());
        Assert.False(cursor.MoveNext());
        Assert.Equal(messages[3..], cache.TakePassed());
    }

    [Fact]
    public void A_slow_stream_holds_no_other_one_up()
    {
        QueueCache cache = NewCache();
        StreamId other = StreamId.Create("n", "other");
        StreamCursor slow = (StreamCursor)cache.GetCacheCursor(Stream, null);
        StreamCursor quick = (StreamCursor)cache.GetCacheCursor(other, null);
        Add(cache);
        HeldMessage message = Add(cache, other);
        Assert.True(slow.MoveNext());
        Assert.True(quick.MoveNext());
        Assert.False(quick.MoveNext());
        Assert.Equal([message], cache.TakePassed());
    }

    [Fact]
    public void A_message_of_a_stream_without_cursors_is_passed_at_once()
    {
        QueueCache cache = NewCache();
        HeldMessage message = Add(cache);
        Assert.Equal([message], cache.TakePassed());
    }

    [Fact]
    public void A_cursor_at_the_message_that_made_the_stream_known_holds_it()
    {
        QueueCache cache = NewCache();
        HeldMessage message = Add(cache);
        StreamCursor pin = (StreamCursor)cache.GetCacheCursor(Stream, message.Events!.SequenceToken);
        Assert.Empty(cache.TakePassed());
        StreamCursor cursor = (StreamCursor)cache.GetCacheCursor(Stream, message.Events.SequenceToken);
        pin.Dispose();
        Assert.Empty(cache.TakePassed());
        Assert.True(cursor.MoveNext());
        Assert.Same(message.Events, cursor.GetCurrent(out _));
        Assert.False(cursor.MoveNext());
        Assert.Equal([message], cache.TakePassed());
    }

    [Fact]
    public void A_cursor_that_goes_lets_go_of_all_it_held()
    {
        QueueCache cache = NewCache();
        StreamCursor cursor = (StreamCursor)cache.GetCacheCursor(Stream, null);
        HeldMessage[] messages = [Add(cache), Add(cache)];
        Assert.True(cursor.MoveNext());
        cursor.Dispose();
        cursor.Dispose();
        Assert.Equal(messages, cache.TakePassed());
    }

    [Fact]
    public void A_subscription_in_the_making_still_finds_what_others_have_passed()
    {
        QueueCache cache = NewCache();
        StreamCursor quick = (StreamCursor)cache.GetCacheCursor(Stream, null);
        HeldMessage first = Add(cache);
        HeldMessage second = Add(cache);
        Assert.True(quick.MoveNext());
        Assert.True(quick.MoveNext());
        Assert.Equal([first], cache.TakePassed());
        StreamCursor late = (StreamCursor)cache.GetCacheCursor(Stream, first.Events!.SequenceToken);
        Assert.False(quick.MoveNext());
        // The second is not passed while the late one is before it.
        Assert.Empty(cache.TakePassed());
        Assert.True(late.MoveNext());
        Assert.Same(first.Events, late.GetCurrent(out _));
        Assert.True(late.MoveNext());
        Assert.Empty(cache.TakePassed());
        Assert.False(late.MoveNext());
        Assert.Equal([second], cache.TakePassed());
    }

    [Fact]
    public void What_was_passed_is_forgotten_after_a_while()
    {
        QueueCache cache = NewCache();
        HeldMessage message = Add(cache);
        cache.TakePassed();
        _clock.Advance(QueueCache.Retention);
        cache.TakePassed();
        Assert.False(((StreamCursor)cache.GetCacheCursor(Stream, message.Events!.SequenceToken)).MoveNext());
    }

    [Fact]
    public void A_failed_delivery_marks_what_was_delivered()
    {
        QueueCache cache = NewCache();
        StreamCursor cursor = (StreamCursor)cache.GetCacheCursor(Stream, null);
        HeldMessage first = Add(cache);
        HeldMessage second = Add(cache);
        Assert.True(cursor.MoveNext());
        cursor.RecordDeliveryFailure();
        Assert.True(cursor.MoveNext());
        Assert.True(first.HasFailed);
        Assert.False(second.HasFailed);
    }

    private QueueCache NewCache(int batchSize = 1) => new(batchSize, _clock, () => { });

    private HeldMessage Add(QueueCache cache, StreamId? stream = null)
    {
        HeldMessage message = new(new MessageKey($"{++_number:x16}", default), default);
        message.Events = new EventBatch(
            stream ?? Stream, new BrokerSequenceToken(_number, message.Key.Id, 1), new EventBody(StreamBodyFormat.Plain, []), null!, message);
        cache.AddToCache([message.Events]);
        return message;
    }

    private sealed class TestClock : TimeProvider
    {
        private long _now = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public void Advance(TimeSpan time) => _now += time.Ticks;
    }
}
