using System.Net;
using Broker.Admin;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Tests.Admin;

/// <summary>What the log says of actions.</summary>
public sealed class ActionLogTests
{
    [Fact]
    public async Task Every_action_is_logged_with_who_did_it_and_what_came_of_it()
    {
        await using ScriptedNode node = await ScriptedNode.StartAsync(
            ("/stats", """{"topics":[{"topic_name":"t","channels":[]}]}"""),
            ("/info", """{"version":"1.3.0","broadcast_address":"127.0.0.1","hostname":"h","tcp_port":1,"http_port":{port}}"""),
            ("/topic/pause", ""),
            ("/channel/message/finish", ""));
        AdminOptions options = new() { NsqdHttpAddresses = [node.Address] };
        using Broker.Admin.NodeClient client = new(options, new OwnSites());
        BrokerCluster cluster = new(client, new ClusterAddresses(options), TimeProvider.System);
        LineLogger log = new();
        using ActionNotifier notifier = new(options, TimeProvider.System, NullLogger<ActionNotifier>.Instance);
        AdminActions actions = new(cluster, new ChannelMessages(client, cluster), new ClusterPolicies(client, cluster), notifier, log);
        DefaultHttpContext context = new();
        context.Connection.RemoteIpAddress = IPAddress.Parse("::ffff:10.1.2.3");
        context.Connection.RemotePort = 55;
        context.Features.Set(new AdminUser("alice", AdminRole.Admin));

        Assert.Empty(await actions.DoAsync(new AdminRequest(AdminVerb.Pause, "t"), context));
        Assert.Empty(await actions.DoAsync(new AdminRequest(AdminVerb.Finish, "t", "c", node.Address, "0123456789abcdef"), context));
        Assert.Single(await actions.DoAsync(new AdminRequest(AdminVerb.Empty, "t"), context));
        await Assert.ThrowsAsync<UpstreamException>(() => actions.DoAsync(new AdminRequest(AdminVerb.Requeue, "t", "c", node.Address, "0123456789abcdef"), context));

        Assert.Equal("admin: alice (10.1.2.3:55): pause_topic t: done", log.Lines[0]);
        Assert.Equal($"admin: alice (10.1.2.3:55): finish_message t c {node.Address} 0123456789abcdef: done", log.Lines[1]);
        Assert.StartsWith($"admin: alice (10.1.2.3:55): empty_topic t: http://{node.Address}/topic/empty?topic=t: got response 404", log.Lines[2]);
        Assert.StartsWith($"admin: alice (10.1.2.3:55): requeue_message t c {node.Address} 0123456789abcdef: failed: ", log.Lines[3]);
    }

    private sealed class LineLogger : ILogger<AdminActions>
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add(formatter(state, exception));
    }
}
