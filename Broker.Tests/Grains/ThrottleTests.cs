using Broker.Channels;
using Broker.Gateways;
using Broker.Grains.Channels;
using Broker.Policies;

namespace Broker.Tests.Grains;

public sealed class ThrottleTests
{
    private readonly InFlightTable _inFlight = new();
    private readonly Throttle _throttle;

    public ThrottleTests() => _throttle = new Throttle(_inFlight);

    [Fact]
    public void Without_a_policy_nothing_is_limited()
    {
        foreach (ChannelPolicy policy in (ChannelPolicy[])[ChannelPolicy.None, ChannelPolicy.Default])
        {
            _throttle.Follow(policy);
            Assert.False(_throttle.IsSet);
            Assert.Equal((long.MaxValue, long.MaxValue), (_throttle.RoomAt(5), _throttle.NextAt));
        }
    }

    [Fact]
    public void Beyond_a_short_burst_one_message_comes_after_the_other()
    {
        _throttle.Follow(new ChannelPolicy { DeliveryRate = 50 });
        Assert.Equal(5, _throttle.RoomAt(1_000));
        _throttle.Count(5);
        Assert.Equal(0, _throttle.RoomAt(1_000));
        Assert.Equal(long.MaxValue, _throttle.NextAt);
        _throttle.Hold(1_000);
        Assert.Equal(1_020, _throttle.NextAt);
        Assert.Equal(0, _throttle.RoomAt(1_019));
        Assert.Equal(1, _throttle.RoomAt(1_020));
        Assert.Equal(5, _throttle.RoomAt(60_000));
    }

    [Theory]
    [InlineData(0.001, 10_000_000)]
    [InlineData(1, 100_000)]
    [InlineData(3, 100_000)]
    [InlineData(50, 10_000)]
    [InlineData(777, 10_000)]
    [InlineData(1_000_000, 1_000)]
    public void The_rate_is_kept_however_long_messages_wait(double rate, long duration)
    {
        _throttle.Follow(new ChannelPolicy { DeliveryRate = rate });
        long sent = 0;
        int wakes = 0;
        for (long now = 0; now < duration; now = _throttle.NextAt)
        {
            wakes++;
            long room = _throttle.RoomAt(now);
            sent += room;
            _throttle.Count(room);
            _throttle.Hold(now);
        }

        double expected = rate * duration / 1000;
        Assert.InRange(sent, (long)(expected * 0.98) - 1, (long)(expected + Math.Max(1, rate / 10)) + 1);
        // Whatever the rate, the channel is woken about a hundred times a second at most.
        Assert.InRange(wakes, 1, (duration / 8) + 2);
    }

    [Fact]
    public void What_is_in_flight_counts()
    {
        AttachedGateway gateway = new("g", new NoObserver());
        Consumer consumer = new(gateway, new ConsumerAttachment { Consumer = 1, MessageTimeout = 1_000, Window = 1 });
        _throttle.Follow(new ChannelPolicy { MaxInFlight = 2 });
        Assert.Equal(2, _throttle.RoomAt(0));
        _inFlight.Add(7, 1, consumer, 0, 0);
        Assert.Equal(1, _throttle.RoomAt(0));
        _inFlight.Add(8, 1, consumer, 0, 0);
        _inFlight.Add(9, 1, consumer, 0, 0);
        Assert.Equal(0, _throttle.RoomAt(0));
        // What comes back brings a turn with it: no timer is needed.
        _throttle.Hold(0);
        Assert.Equal(long.MaxValue, _throttle.NextAt);
        _throttle.Follow(new ChannelPolicy { MaxInFlight = 4, DeliveryRate = 0.5 });
        Assert.Equal(1, _throttle.RoomAt(0));
    }

    [Fact]
    public void A_rate_that_is_lowered_holds_at_once_and_a_new_one_begins_with_its_burst()
    {
        _throttle.Follow(new ChannelPolicy { DeliveryRate = 1_000 });
        Assert.Equal(100, _throttle.RoomAt(0));
        _throttle.Follow(new ChannelPolicy { DeliveryRate = 20 });
        Assert.Equal(2, _throttle.RoomAt(0));
        _throttle.Count(2);
        _throttle.Follow(ChannelPolicy.None);
        Assert.False(_throttle.IsSet);
        _throttle.Follow(new ChannelPolicy { DeliveryRate = 20 });
        Assert.Equal(2, _throttle.RoomAt(0));
    }
}
