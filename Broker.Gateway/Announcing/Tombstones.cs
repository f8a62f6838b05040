using System.Globalization;
using System.Text.Json;
using Broker.Gateway.Cluster;
using Broker.Protocol.Lookup;
using Microsoft.Extensions.Logging;

namespace Broker.Gateway.Announcing;

/// <summary>
/// Knows whether a deletion of a topic means the topic or only this node. nsqadmin takes a topic off one node by a tombstone at the
/// lookup services, and then has the node delete it (spec 5); where the topic is the whole cluster's, that must not delete it.
/// </summary>
/// <param name="nodes">The other nodes: without any the topic is this node's alone.</param>
/// <param name="identity">What lookup services call this node.</param>
/// <param name="lookup">The lookup service of this process.</param>
/// <param name="announcer">Knows the other lookup services.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
public sealed class Tombstones(
    ClusterNodes nodes, BrokerIdentity identity, IOwnLookup lookup, LookupAnnouncer announcer, TimeProvider time, ILogger<Tombstones> logger)
    : IDisposable
{
    private readonly LookupQuestion _question = new();

    /// <summary>
    /// Takes this node out of lookup for a topic if a tombstone says so and other nodes are left to serve it; false when the topic is to
    /// be deleted.
    /// </summary>
    public async Task<bool> WithdrawAsync(string topic)
    {
        if (await nodes.IsAloneAsync() || !await IsTombstonedAsync(topic))
            return false;
        announcer.Withdraw(topic);
        logger.TopicWithdrawn(topic);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _question.Dispose();

    private async Task<bool> IsTombstonedAsync(string topic)
    {
        PeerInfo self = identity.Describe();
        if (lookup.IsTombstoned(topic, string.Create(CultureInfo.InvariantCulture, $"{self.BroadcastAddress}:{self.HttpPort}")))
            return true;
        using CancellationTokenSource limit = new(LookupQuestion.Limit, time);
        bool[] answers = await Task.WhenAll(announcer.Services.Select(service => AskAsync(service, topic, self, limit.Token)));
        return answers.Contains(true);
    }

    private async Task<bool> AskAsync(PeerInfo service, string topic, PeerInfo self, CancellationToken cancellation)
    {
        string url = LookupQuestion.UrlOf(service, "/debug");
        try
        {
            using JsonDocument answer = JsonDocument.Parse(await _question.AskAsync(url, cancellation));
            return answer.RootElement.TryGetProperty($"topic:{topic}:", out JsonElement producers)
                && producers.EnumerateArray().Any(producer =>
                    producer.GetProperty("broadcast_address").GetString() == self.BroadcastAddress
                    && producer.GetProperty("http_port").GetInt64() == self.HttpPort
                    && producer.GetProperty("tombstoned").GetBoolean());
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or JsonException or UriFormatException
            or KeyNotFoundException or InvalidOperationException)
        {
            logger.TombstoneUnknown(topic, url, e.Message);
            return false;
        }
    }
}
