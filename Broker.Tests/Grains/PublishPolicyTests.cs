using Broker.Policies;
using Broker.Tests.Http;
using Broker.Tests.Running;

namespace Broker.Tests.Grains;

/// <summary>What a topic's policy says of what is published, as unchanged clients see it.</summary>
public sealed class PublishPolicyTests
{
    private const string TooMany = "topic t takes 10 messages a second, and more than it takes in 3 s wait already; publish more slowly";

    [Fact]
    public async Task A_message_that_is_greater_than_the_topic_allows_is_refused_and_others_are_not()
    {
        await using HttpBroker broker = await StartAsync(new TopicPolicy { MaxMessageSize = 10 });
        // Neither does the gateway know of the limit yet, nor long after it has heard of it.
        foreach (int round in (int[])[1, 2])
        {
            foreach (bool isKnown in (bool[])[false, true])
            {
                NsqSocket publisher = await broker.Broker.OpenAsync();
                if (isKnown)
                    await publisher.PublishAsync("t", "0123456789");
                await publisher.SendAsync(NsqCommand.Pub("t", "0123456789+"));
                await publisher.ExpectFatalAsync("E_BAD_MESSAGE PUB message too big 11 > 10");
            }

            await broker.Broker.PassAsync(TimeSpan.FromSeconds(2));
        }

        NsqSocket many = await broker.Broker.OpenAsync();
        await many.SendAsync(NsqCommand.Mpub("t", ["small", "0123456789+"]));
        await many.ExpectFatalAsync("E_BAD_MESSAGE MPUB message too big 11 > 10");
        foreach (string path in (string[])["/pub?topic=t", "/mpub?topic=t"])
        {
            (await broker.PostAsync(path, "0123456789+")).IsError(413, "MSG_TOO_BIG");
            (await broker.PostAsync(path, "0123456789")).IsText("OK");
            (await broker.PostAsync(path, "0123456789+")).IsError(413, "MSG_TOO_BIG");
        }

        await broker.Broker.UntilAsync("t", static stats => stats.MessageCount == 4);
        Assert.True((await broker.Broker.Topic("t").ChangePolicyAsync(TopicPolicy.None, expected: null)).IsOk);
        (await broker.PostAsync("/pub?topic=t", "small")).IsText("OK");
        (await broker.PostAsync("/pub?topic=t", "0123456789+")).IsText("OK");
    }

    [Fact]
    public async Task Who_publishes_too_fast_is_held_back_and_beyond_that_refused()
    {
        await using HttpBroker broker = await StartAsync(new TopicPolicy { PublishRate = 10 });
        NsqSocket publisher = await broker.Broker.OpenAsync();
        // What comes after a pause is taken whole, and what follows has to wait for it.
        await publisher.PublishAsync("t", [.. Enumerable.Range(0, 100).Select(i => $"{i}")]);
        NsqSocket hasty = await broker.Broker.OpenAsync();
        await hasty.SendAsync(NsqCommand.Pub("t", "too soon"));
        await hasty.ExpectFatalAsync($"E_PUB_FAILED PUB failed {TooMany}");
        (await broker.PostAsync("/pub?topic=t", "too soon")).IsError(429, TooMany);

        await broker.Broker.PassAsync(TimeSpan.FromSeconds(8), publisher);
        await publisher.SendAsync(NsqCommand.Pub("t", "held"));
        Task<HttpReply> heldToo = broker.PostAsync("/pub?topic=t", "held too");
        await broker.Broker.PassAsync(TimeSpan.FromSeconds(1));
        Assert.False(publisher.HasFrames || heldToo.IsCompleted);
        await broker.Broker.PassAsync(TimeSpan.FromSeconds(2));
        await publisher.ExpectOkAsync();
        (await heldToo).IsText("OK");
        await broker.Broker.UntilAsync("t", static stats => stats.MessageCount == 102);
    }

    [Fact]
    public async Task A_rate_that_is_taken_back_lets_go_of_whom_it_holds()
    {
        await using HttpBroker broker = await StartAsync(new TopicPolicy { PublishRate = 10 });
        NsqSocket publisher = await broker.Broker.OpenAsync();
        await publisher.PublishAsync("t", [.. Enumerable.Range(0, 25).Select(i => $"{i}")]);
        await publisher.SendAsync(NsqCommand.Pub("t", "held"));
        await broker.Broker.PassAsync(TimeSpan.FromSeconds(1));
        Assert.False(publisher.HasFrames);
        Assert.True((await broker.Broker.Topic("t").ChangePolicyAsync(TopicPolicy.None, expected: null)).IsOk);
        await publisher.ExpectOkAsync();
        await publisher.PublishAsync("t", [.. Enumerable.Range(0, 1000).Select(i => $"{i}")]);
    }

    [Fact]
    public async Task The_policy_outlives_a_restart()
    {
        await using HttpBroker broker = await StartAsync(new TopicPolicy { MaxMessageSize = 10 });
        await broker.Broker.RestartAsync();
        NsqSocket publisher = await broker.Broker.OpenAsync();
        await publisher.SendAsync(NsqCommand.Pub("t", "0123456789+"));
        await publisher.ExpectFatalAsync("E_BAD_MESSAGE PUB message too big 11 > 10");
    }

    private static async Task<HttpBroker> StartAsync(TopicPolicy policy)
    {
        HttpBroker broker = await HttpBroker.StartAsync(virtualTime: true);
        await broker.Broker.Topic("t").CreateAsync();
        Assert.True((await broker.Broker.Topic("t").ChangePolicyAsync(policy, expected: null)).IsOk);
        return broker;
    }
}
