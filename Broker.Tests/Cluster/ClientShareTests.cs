using Broker.Gateway.Connections;
using Broker.Gateway.Http.Stats;
using Broker.Grains.Topics;

namespace Broker.Tests.Cluster;

/// <summary>Whose clients and topics a node's figures have.</summary>
public sealed class ClientShareTests
{
    [Fact]
    public void A_channel_hosted_here_counts_the_clients_of_this_node_only()
    {
        TopicDocument hosted = new()
        {
            Name = "t",
            MessageCount = 7,
            Channels = [new ChannelDocument { Name = "c", Depth = 5, ClientCount = 3 }, new ChannelDocument { Name = "d", ClientCount = 2 }],
        };
        List<TopicDocument> told = ClientShare.Of(
            [hosted], [Client(1, "t", "c"), Client(2, "a", "x"), Client(3, "", "")], new StatsQuestion(null, null, false, false), Describe);
        Assert.Equal(["a", "t"], told.Select(topic => topic.Name));
        Assert.Equal([("x", 0L, 1)], told[0].Channels.Select(channel => (channel.Name, channel.Depth, channel.ClientCount)));
        Assert.Equal(7, told[1].MessageCount);
        Assert.Equal([("c", 5L, 1), ("d", 0L, 0)], told[1].Channels.Select(channel => (channel.Name, channel.Depth, channel.ClientCount)));
    }

    [Fact]
    public void A_topic_that_moves_is_hosted_until_its_last_activation_has_closed()
    {
        HostedTopics hosted = new();
        hosted.Add("b");
        hosted.Add("a");
        hosted.Add("a");
        hosted.Remove("a");
        Assert.Equal(["a", "b"], hosted.Names);
        Assert.True(hosted.Hosts("a"));
        hosted.Remove("a");
        Assert.Equal(["b"], hosted.Names);
        Assert.False(hosted.Hosts("a"));
    }

    private static ClientDocument Describe(ConnectionSnapshot connection, StatsQuestion question) => throw new NotSupportedException();

    private static ConnectionSnapshot Client(int number, string topic, string channel) => new()
    {
        Number = number,
        RemoteAddress = "127.0.0.1:1",
        ClientId = "",
        Hostname = "",
        UserAgent = "",
        ConnectTime = DateTimeOffset.UnixEpoch,
        State = ConnectionState.Subscribed,
        Topic = topic,
        Channel = channel,
        ReadyCount = 0,
        InFlightCount = 0,
        MessageCount = 0,
        FinishCount = 0,
        RequeueCount = 0,
        PublishCounts = [],
        SampleRate = 0,
        MsgTimeout = 60_000,
        OutputBufferSize = 0,
        OutputBufferTimeout = 0,
        TopologyRegion = "",
        TopologyZone = "",
        Tls = false,
        Deflate = false,
        Snappy = false,
    };
}
