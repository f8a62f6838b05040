using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Broker.Admin;

/// <summary>The policies of topics and channels, which this broker has and nsqd has not: that answers 404 to all of it.</summary>
/// <param name="client">Asks a node.</param>
/// <param name="cluster">Knows the nodes.</param>
public sealed class ClusterPolicies(NodeClient client, BrokerCluster cluster)
{
    /// <summary>A policy as a node tells it; null when the node knows nothing of policies.</summary>
    /// <param name="node">host:port.</param>
    /// <param name="topic">The topic.</param>
    /// <param name="channel">The channel; empty for the topic's own.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="UpstreamException">It did not answer, or there is no such channel.</exception>
    public async Task<PolicyAnswer?> ReadAsync(string node, string topic, string channel, CancellationToken cancellation)
    {
        try
        {
            (string text, string tag) = await client.GetTaggedAsync(node, PathOf(topic, channel), cancellation);
            return JsonNode.Parse(text) is JsonObject answer && answer["policy"] is JsonObject said && answer["effective"] is JsonObject effective
                ? new PolicyAnswer(said, effective, tag)
                : throw new UpstreamException($"http://{node}{PathOf(topic, channel)}: what it answered is no policy");
        }
        catch (UpstreamException e) when (e.Status == StatusCodes.Status404NotFound && SentenceOf(e) is not ("TOPIC_NOT_FOUND" or "CHANNEL_NOT_FOUND"))
        {
            return null;
        }
        catch (JsonException e)
        {
            throw new UpstreamException($"http://{node}{PathOf(topic, channel)}: what it answered is not what was expected: {e.Message}");
        }
    }

    /// <summary>Replaces a policy on all brokers that have the topic.</summary>
    /// <returns>What failed on some of them.</returns>
    /// <exception cref="UpstreamException">None did it.</exception>
    internal async Task<IReadOnlyList<string>> ReplaceAsync(AdminRequest action, JsonObject policy, string tag, CancellationToken cancellation)
    {
        Gathered<List<ProducerNode>> producers = await cluster.FindProducersAsync(action.Topic, cancellation);
        ReadOnlyMemory<byte> body = Encoding.UTF8.GetBytes(policy.ToJsonString());
        List<string> failures = [.. producers.Failures];
        UpstreamException? refusal = null;
        bool isDone = false;
        foreach (ProducerNode node in producers.Value)
        {
            try
            {
                await client.PutAsync(node.HttpAddress, PathOf(action.Topic, action.Channel), body, tag, cancellation);
                isDone = true;
            }
            catch (UpstreamException e)
            {
                refusal = e;
                failures.Add(e.Message);
            }
        }
        return isDone ? failures : throw refusal ?? new UpstreamException($"no broker has the topic {action.Topic}");
    }

    /// <summary>What is wrong with a policy, as who wrote it is told; null when something else went wrong.</summary>
    internal static string? ComplaintOf(UpstreamException refusal) => refusal.Status switch
    {
        StatusCodes.Status400BadRequest => $"The policy was not changed: {SentenceOf(refusal)}.",
        StatusCodes.Status412PreconditionFailed => "The policy was not changed: somebody else has changed it meanwhile. This is what is said now.",
        _ => null,
    };

    private static string PathOf(string topic, string channel) => channel.Length == 0
        ? $"/topic/policy?topic={BrokerCluster.Escape(topic)}"
        : $"/channel/policy?topic={BrokerCluster.Escape(topic)}&channel={BrokerCluster.Escape(channel)}";

    private static string SentenceOf(UpstreamException refusal)
    {
        try
        {
            return JsonNode.Parse(refusal.Answer)?["message"]?.GetValue<string>() ?? refusal.Message;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return refusal.Message;
        }
    }
}
