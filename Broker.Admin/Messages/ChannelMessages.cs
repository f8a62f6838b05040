using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;

namespace Broker.Admin;

/// <summary>
/// The messages of topics and channels, which this broker lets one look at without consuming them. nsqd knows nothing of the kind and answers
/// 404 to all of it.
/// </summary>
/// <param name="client">Asks a node.</param>
/// <param name="cluster">Knows the nodes.</param>
public sealed class ChannelMessages(NodeClient client, BrokerCluster cluster)
{
    /// <summary>The state of a message that was given up.</summary>
    public const string Dead = "dead";

    private const int WholeBody = 16 << 20;
    private const int DownloadedAtOnce = 100;

    /// <summary>Some of a channel's messages on a node, or of those that a topic holds there.</summary>
    /// <param name="node">host:port.</param>
    /// <param name="topic">The topic.</param>
    /// <param name="channel">The channel; empty for what no channel has got.</param>
    /// <param name="state"><c>waiting</c>, <c>in_flight</c>, <c>deferred</c> or <see cref="Dead"/>; of no effect without a channel.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="after">Id behind which they begin; empty for the beginning.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The messages; null when the node shows none.</returns>
    /// <exception cref="UpstreamException">It did not answer, or there is no such channel.</exception>
    public async Task<MessagePage?> ListAsync(
        string node, string topic, string channel, string state, int limit, string after, CancellationToken cancellation)
    {
        string what = state == Dead && channel.Length > 0 ? PathOf("dead", topic, channel) : $"{PathOf("messages", topic, channel)}&state={state}";
        string path = string.Create(CultureInfo.InvariantCulture, $"{what}&limit={limit}&body_limit=512")
            + (after.Length == 0 ? "" : $"&after={BrokerCluster.Escape(after)}");
        return await OrNullAsync("\"NOT_FOUND\"", () => client.GetAsync(node, path, MessageJson.Default.MessagePage, cancellation));
    }

    /// <summary>One message of a channel on a node, or of those that a topic holds there; null when it is not there.</summary>
    /// <exception cref="UpstreamException">It did not answer, or there is no such channel.</exception>
    public Task<ChannelMessage?> FindAsync(string node, string topic, string channel, string id, CancellationToken cancellation)
    {
        string path = string.Create(CultureInfo.InvariantCulture, $"{PathOf("message", topic, channel)}&id={BrokerCluster.Escape(id)}&body_limit={1 << 16}");
        return OrNullAsync("NOT_FOUND\"", () => client.GetAsync(node, path, MessageJson.Default.ChannelMessage, cancellation));
    }

    /// <summary>One dead letter of a channel on a node; null when it is not there.</summary>
    /// <exception cref="UpstreamException">It did not answer, or there is no such channel.</exception>
    public async Task<ChannelMessage?> FindDeadAsync(string node, string topic, string channel, string id, CancellationToken cancellation)
    {
        string path = string.Create(CultureInfo.InvariantCulture, $"{PathOf("dead", topic, channel)}&id={BrokerCluster.Escape(id)}&limit=1&body_limit={1 << 16}");
        // A node looks through so many at once, and says where to go on.
        for (string? next = ""; next is not null;)
        {
            MessagePage page = await client.GetAsync(node, next.Length == 0 ? path : $"{path}&after={next}", MessageJson.Default.MessagePage, cancellation);
            if (page.Messages is [var found, ..])
                return found;
            next = page.Next;
        }

        return null;
    }

    /// <summary>All dead letters of a channel on a node, with their whole bodies, a few at a time.</summary>
    /// <exception cref="UpstreamException">It did not answer, or there is no such channel.</exception>
    public async IAsyncEnumerable<ChannelMessage> ReadDeadAsync(
        string node, string topic, string channel, [EnumeratorCancellation] CancellationToken cancellation)
    {
        string path = string.Create(CultureInfo.InvariantCulture, $"{PathOf("dead", topic, channel)}&limit={DownloadedAtOnce}&body_limit={WholeBody}");
        for (string? next = ""; next is not null;)
        {
            MessagePage page = await client.GetAsync(node, next.Length == 0 ? path : $"{path}&after={next}", MessageJson.Default.MessagePage, cancellation);
            foreach (ChannelMessage message in page.Messages)
                yield return message;
            next = page.Next;
        }
    }

    /// <summary>How far the sending back of dead letters on a node is; null when the node knows nothing of the kind.</summary>
    /// <exception cref="UpstreamException">It did not answer, or there is no such channel.</exception>
    public Task<RedriveProgress?> RedriveAsync(string node, string topic, string channel, CancellationToken cancellation) =>
        OrNullAsync("\"NOT_FOUND\"", () => client.GetAsync(node, PathOf("redrive", topic, channel), MessageJson.Default.RedriveProgress, cancellation));

    internal Task<IReadOnlyList<string>> RedriveAsync(AdminRequest action, CancellationToken cancellation) =>
        PostDeadAsync("redrive", action, action.Rate > 0 ? string.Create(CultureInfo.InvariantCulture, $"&rate={action.Rate}") : "", cancellation);

    internal Task<IReadOnlyList<string>> StopRedriveAsync(AdminRequest action, CancellationToken cancellation) =>
        PostDeadAsync("redrive/stop", action, "", cancellation);

    internal Task<IReadOnlyList<string>> DiscardDeadAsync(AdminRequest action, CancellationToken cancellation) =>
        PostDeadAsync("dead/discard", action, "", cancellation);

    internal async Task<IReadOnlyList<string>> PublishAsync(AdminRequest action, ReadOnlyMemory<byte> body, long defer, CancellationToken cancellation)
    {
        string path = $"/pub?topic={BrokerCluster.Escape(action.Topic)}"
            + (defer == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"&defer={defer}"));
        string node = action.Node;
        if (node.Length == 0)
        {
            Gathered<List<ProducerNode>> producers = await cluster.FindProducersAsync(action.Topic, cancellation);
            node = producers.Value is [{ } first, ..] ? first.HttpAddress : throw new UpstreamException($"no broker has the topic {action.Topic}");
        }
        await client.PostAsync(node, path, body, cancellation);
        return [];
    }

    internal async Task<IReadOnlyList<string>> RequeueAsync(AdminRequest action, CancellationToken cancellation)
    {
        await client.PostAsync(action.Node, PathOf("message/requeue", action), ReadOnlyMemory<byte>.Empty, cancellation);
        return [];
    }

    internal async Task<IReadOnlyList<string>> FinishAsync(AdminRequest action, CancellationToken cancellation)
    {
        await client.PostAsync(action.Node, PathOf("message/finish", action), ReadOnlyMemory<byte>.Empty, cancellation);
        return [];
    }

    private async Task<IReadOnlyList<string>> PostDeadAsync(string what, AdminRequest action, string more, CancellationToken cancellation)
    {
        string id = action.Message.Length == 0 ? "" : $"&id={BrokerCluster.Escape(action.Message)}";
        await client.PostAsync(action.Node, PathOf(what, action.Topic, action.Channel) + id + more, ReadOnlyMemory<byte>.Empty, cancellation);
        return [];
    }

    private static string PathOf(string what, AdminRequest action) => $"{PathOf(what, action.Topic, action.Channel)}&id={BrokerCluster.Escape(action.Message)}";

    private static string PathOf(string what, string topic, string channel) => channel.Length == 0
        ? $"/topic/{what}?topic={BrokerCluster.Escape(topic)}"
        : $"/channel/{what}?topic={BrokerCluster.Escape(topic)}&channel={BrokerCluster.Escape(channel)}";

    private static async Task<T?> OrNullAsync<T>(string code, Func<Task<T>> ask)
        where T : class
    {
        try
        {
            return await ask();
        }
        catch (UpstreamException e) when (e.Status == StatusCodes.Status404NotFound && e.Message.Contains(code, StringComparison.Ordinal)
            && !e.Message.Contains("CHANNEL_NOT_FOUND", StringComparison.Ordinal) && !e.Message.Contains("TOPIC_NOT_FOUND", StringComparison.Ordinal))
        {
            return null;
        }
    }
}
