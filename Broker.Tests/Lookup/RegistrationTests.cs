using System.Net;
using Broker.Gateway.Announcing;
using Broker.Silo.Settings;
using Broker.Tests.Running;
using Broker.Topics;
using Microsoft.Extensions.DependencyInjection;

namespace Broker.Tests.Lookup;

/// <summary>A broker that announces itself: to the lookup service in its process, to others, and to a scripted one.</summary>
public sealed class RegistrationTests
{
    [Fact]
    public async Task What_a_node_says_is_what_the_specification_says()
    {
        using ScriptedLookup service = new();
        await using RunningBroker broker = await RunningBroker.StartAsync(Announcing(service.Address), virtualTime: true);
        using ScriptedConversation node = await service.AcceptAsync();

        Assert.Equal("  V1", await node.ReadAsync(4));
        Assert.Equal(
            $$"""{"broadcast_address":"b.example","hostname":"{{Dns.GetHostName()}}","http_port":2,"tcp_port":1,"version":"1.3.0","topology_zone":"z","topology_region":""}""",
            await node.ReadIdentifyAsync());
        await node.ReplyAsync("""{"broadcast_address":"127.0.0.1","hostname":"s","http_port":1,"tcp_port":2,"version":"1.3.0"}""");

        await broker.Topic("t").CreateAsync();
        await node.ExpectAsync("REGISTER t");
        await broker.Topic("t").CreateChannelAsync("c");
        await node.ExpectAsync("REGISTER t c");
        await broker.Topic("t").CreateChannelAsync("d#ephemeral");
        await node.ExpectAsync("REGISTER t d#ephemeral");
        await broker.Topic("t").DeleteChannelAsync("c", 0);
        await node.ExpectAsync("UNREGISTER t c");
        await broker.Topic("t").DeleteAsync();
        await node.ExpectAsync("UNREGISTER t d#ephemeral", "UNREGISTER t");
    }

    [Fact]
    public async Task After_a_refusal_everything_is_announced_anew()
    {
        using ScriptedLookup service = new();
        await using RunningBroker broker = await RunningBroker.StartAsync(Announcing(service.Address));
        using (ScriptedConversation refused = await service.AcceptAsync())
        {
            await refused.ReadAsync(4);
            await refused.ReadIdentifyAsync();
            await refused.ReplyAsync("E_BAD_BODY IDENTIFY missing fields");
            await refused.ExpectEndAsync();
        }
        using (ScriptedConversation first = await service.AcceptIdentifiedAsync())
        {
            await broker.Topic("t").CreateChannelAsync("c");
            Assert.StartsWith("REGISTER t", await first.ReadLineAsync());
            await first.ReplyAsync("E_INVALID for the sake of it");
            await first.ExpectEndAsync();
        }
        using (ScriptedConversation second = await service.AcceptIdentifiedAsync()) await second.ExpectAsync("REGISTER t c");
        using ScriptedConversation third = await service.AcceptIdentifiedAsync();
        await third.ExpectAsync("REGISTER t c");
    }

    [Fact]
    public async Task More_topics_than_are_announced_at_a_time_are_all_announced()
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        await using RunningBroker broker = await RunningBroker.StartAsync(With(lookup));
        string[] topics = [.. Enumerable.Range(0, 250).Select(i => $"t{i:D3}")];
        foreach (string topic in topics) await broker.Topic(topic).CreateAsync();
        await lookup.Http.UntilAsync("/topics", answer => topics.All(topic => answer.Contains($"\"{topic}\"")));

        await lookup.StopAsync();
        await lookup.BootAsync();
        await lookup.Http.UntilAsync("/topics", answer => topics.All(topic => answer.Contains($"\"{topic}\"")));
    }

    [Fact]
    public async Task Case_113_What_a_broker_has_is_announced_after_its_own_restart_and_after_the_services()
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        await using RunningBroker broker = await RunningBroker.StartAsync(With(lookup));
        await broker.Topic("t").CreateChannelAsync("c");
        await broker.Topic("u").CreateAsync();
        await UntilKnownAsync();

        await broker.StopAsync();
        await lookup.Http.UntilAsync("/nodes", answer => answer == """{"producers":[]}""");
        await lookup.StopAsync();
        await lookup.BootAsync();
        await broker.RestartAsync();
        await UntilKnownAsync();

        await lookup.StopAsync();
        await lookup.BootAsync();
        await UntilKnownAsync();

        async Task UntilKnownAsync()
        {
            await lookup.Http.UntilAsync("/lookup?topic=t", answer => answer.StartsWith("""{"channels":["c"],"producers":[{""", StringComparison.Ordinal));
            await lookup.Http.UntilAsync("/lookup?topic=u", answer => answer.StartsWith("""{"channels":[],"producers":[{""", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Case_114_A_new_topic_begins_with_the_channels_that_other_nodes_have()
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        await using RunningBroker a = await RunningBroker.StartAsync(With(lookup));
        await a.Topic("t").CreateChannelAsync("archive");
        await a.Topic("t").CreateChannelAsync("metrics");
        await a.Topic("t").CreateChannelAsync("tail#ephemeral");
        await lookup.Http.UntilAsync("/channels?topic=t", answer => answer == """{"channels":["archive","metrics","tail#ephemeral"]}""");

        await using RunningBroker b = await RunningBroker.StartAsync(With(lookup));
        await b.PublishAsync("t", "m");
        await b.UntilAsync("t", stats => stats is { Depth: 0 } && stats.Channels.All(channel => channel.Depth == 1));
        Assert.Equal(["archive", "metrics"], (await b.StatsAsync("t")).Channels.Select(channel => channel.Channel));

        // Not at a restart: what was deleted meanwhile does not come back.
        await b.Topic("t").DeleteChannelAsync("metrics", 0);
        await b.RestartAsync();
        await b.PublishAsync("t", "m");
        Assert.Equal(["archive"], (await b.StatsAsync("t")).Channels.Select(channel => channel.Channel));
    }

    [Fact]
    public async Task Case_114_The_lookup_service_in_the_same_process_is_asked_too()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(ServingLookup);
        await using LookupSocket node = await LookupSocket.IdentifiedAsync(broker.EndPointOf("lookup TCP"));
        await node.DoAsync("REGISTER t archive");
        await node.DoAsync("REGISTER t tail#ephemeral");
        using LookupQuestions http = new(() => broker.EndPointOf("lookup HTTP"));
        await http.PostAsync("/channel/create?topic=t&channel=made");
        await broker.PublishAsync("t", "m");
        Assert.Equal(["archive", "made"], (await broker.StatsAsync("t")).Channels.Select(channel => channel.Channel));
    }

    [Fact]
    public async Task A_lookup_service_that_is_not_there_holds_up_no_topic()
    {
        using ScriptedLookup gone = new();
        string address = gone.Address;
        gone.Dispose();
        await using RunningBroker broker = await RunningBroker.StartAsync(Announcing(address));
        await broker.PublishAsync("t", "m");
        Assert.Equal(1, (await broker.StatsAsync("t")).Depth);
    }

    [Fact]
    public async Task A_lookup_service_that_does_not_answer_holds_up_no_topic_for_long()
    {
        using ScriptedLookup silent = new();
        await using RunningBroker broker = await RunningBroker.StartAsync(Announcing(silent.Address), virtualTime: true);
        using ScriptedConversation node = await silent.AcceptAsync();
        await node.ReadAsync(4);
        Task<TopicReply> creating = broker.Topic("t").CreateAsync().AsTask();
        Assert.False(creating.IsCompleted);
        for (int second = 0; second < 10 && !creating.IsCompleted; second++)
        {
            broker.Clock.Advance(TimeSpan.FromSeconds(1));
            await broker.StatsAsync("other");
        }
        Assert.Equal(TopicStatus.Ok, (await creating.WaitAsync(NsqSocket.Patience)).Status);
    }

    [Fact]
    public async Task The_own_lookup_service_knows_what_the_broker_has()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(ServingLookup);
        using LookupQuestions http = new(() => broker.EndPointOf("lookup HTTP"));
        await broker.PublishAsync("t", "m");
        await using NsqSocket consumer = await broker.SubscribeAsync("t", "c");
        string port = ((IPEndPoint)broker.TcpEndPoint).Port.ToString();
        await http.UntilAsync("/lookup?topic=t", answer =>
            answer.StartsWith("""{"channels":["c"],"producers":[{"remote_address":"127.0.0.1:""", StringComparison.Ordinal)
            && answer.Contains($"\"broadcast_address\":\"127.0.0.1\",\"tcp_port\":{port},"));

        await broker.Topic("t").DeleteChannelAsync("c", 0);
        await http.UntilAsync("/channels?topic=t", answer => answer == """{"channels":[]}""");
        await broker.Topic("t").DeleteAsync();
        await http.UntilAsync("/topics", answer => answer == """{"topics":[]}""");

        // Nothing is listed that the topic could get its old channels back from.
        await broker.PublishAsync("t", "m");
        Assert.Empty((await broker.StatsAsync("t")).Channels);
    }

    [Fact]
    public async Task The_own_lookup_service_knows_after_a_restart_what_was_stored()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(settings =>
        {
            ServingLookup(settings);
            settings.StorageKind = StorageKind.Files;
        });
        await broker.Topic("t").CreateChannelAsync("c");
        await broker.RestartAsync();
        using LookupQuestions http = new(() => broker.EndPointOf("lookup HTTP"));
        await http.UntilAsync("/lookup?topic=t", answer => answer.StartsWith("""{"channels":["c"],"producers":[{""", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_list_of_lookup_services_can_be_changed_while_it_runs()
    {
        await using RunningLookup first = await RunningLookup.StartAsync();
        await using RunningLookup second = await RunningLookup.StartAsync();
        await using RunningBroker broker = await RunningBroker.StartAsync(With(first));
        await broker.Topic("t").CreateAsync();
        await first.Http.UntilAsync("/lookup?topic=t", answer => answer.Contains("\"hostname\""));

        LookupAddressesOption option = new(broker.Services.GetRequiredService<LookupAnnouncer>());
        Assert.True(option.TryWrite($"""["{second.TcpEndPoint}"]"""));
        Assert.Equal($"""["{second.TcpEndPoint}"]""", option.Value.Text);
        await second.Http.UntilAsync("/lookup?topic=t", answer => answer.Contains("\"hostname\""));
        await first.Http.UntilAsync("/nodes", answer => answer == """{"producers":[]}""");

        Assert.False(option.TryWrite("nonsense"));
        Assert.False(option.TryWrite("""{"a":1}"""));
        Assert.True(option.TryWrite("[]"));
        await second.Http.UntilAsync("/nodes", answer => answer == """{"producers":[]}""");
    }

    private static void ServingLookup(BrokerSettings settings)
    {
        settings.Lookup.TcpAddress = "127.0.0.1:0";
        settings.Lookup.HttpAddress = "127.0.0.1:0";
    }

    private static Action<BrokerSettings> With(RunningLookup lookup) => settings =>
    {
        settings.StorageKind = StorageKind.Files;
        settings.Gateway.LookupdTcpAddresses = [lookup.TcpEndPoint.ToString()];
        settings.Gateway.BroadcastHttpPort = 1;
    };

    private static Action<BrokerSettings> Announcing(string address) => settings =>
    {
        settings.Gateway.LookupdTcpAddresses = [address];
        settings.Gateway.BroadcastAddress = "b.example";
        settings.Gateway.BroadcastTcpPort = 1;
        settings.Gateway.BroadcastHttpPort = 2;
        settings.Gateway.TopologyZone = "z";
    };
}
