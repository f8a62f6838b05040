using Broker.Grains.Channels;
using Broker.Policies;

namespace Broker.Tests.Grains;

public sealed class OpenChannelTests
{
    [Fact]
    public void What_this_process_stood_still_is_no_silence_of_its_gateways()
    {
        OpenChannel open = Open();
        open.AttachedBy = 5_000;
        AttachedGateway quiet = Attach(open, "quiet", lastHeard: 1_000);
        AttachedGateway heard = Attach(open, "heard", lastHeard: 9_500);
        open.AllowFor(late: 3_000, now: 10_000);
        Assert.Equal((4_000, 10_000, 8_000), (quiet.LastHeard, heard.LastHeard, open.AttachedBy));
    }

    [Fact]
    public void A_channel_that_waits_for_nobody_waits_no_longer_for_it()
    {
        OpenChannel open = Open();
        open.AllowFor(late: 3_000, now: 10_000);
        Assert.Equal(long.MaxValue, open.AttachedBy);
    }

    [Fact]
    public void Each_word_of_the_topic_is_counted()
    {
        OpenChannel open = Open();
        open.Pause(true);
        Assert.Equal((true, 1), (open.Queue.Paused, open.Changes));
        open.Pause(false);
        Assert.Equal((false, 2), (open.Queue.Paused, open.Changes));
        ChannelPolicy policy = new() { MaxAttempts = 3 };
        open.Follow(policy);
        Assert.Equal((policy, 3), (open.Queue.Policy, open.Changes));
    }

    private static AttachedGateway Attach(OpenChannel open, string id, long lastHeard)
    {
        AttachedGateway gateway = new(id, new NoObserver()) { LastHeard = lastHeard };
        open.Gateways.Add(id, gateway);
        return gateway;
    }

    private static OpenChannel Open() => new()
    {
        Incarnation = 1,
        Start = 0,
        IdPrefix = 0,
        Queue = new ChannelQueue(new ChannelLimits { OwnsBodies = true, WindowMessages = 10, WindowBytes = 1_000, MaxMessageTimeout = 1_000, MaxRequeueDelay = 1_000 }, 0, new Random(1)),
        Reader = null,
        Progress = null,
    };
}
