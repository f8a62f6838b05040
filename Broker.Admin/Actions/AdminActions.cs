using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Broker.Admin;

/// <summary>Does what pages and the API are asked to do, and leaves word of it: in the log and with the notification endpoint.</summary>
/// <param name="cluster">On whom it is done.</param>
/// <param name="messages">On whose messages it is done.</param>
/// <param name="policies">Where policies are changed.</param>
/// <param name="notifier">Tells others.</param>
/// <param name="logger">The log.</param>
public sealed class AdminActions(
    BrokerCluster cluster, ChannelMessages messages, ClusterPolicies policies, ActionNotifier notifier, ILogger<AdminActions> logger)
{
    /// <summary>Does it. What failed on some nodes is given back.</summary>
    /// <param name="action">What is to be done.</param>
    /// <param name="context">The request that asked for it; whoever sent it is an admin.</param>
    /// <param name="body">What is published.</param>
    /// <param name="defer">How long a published message is held back, in milliseconds.</param>
    /// <exception cref="UpstreamException">Nobody did it.</exception>
    public Task<IReadOnlyList<string>> DoAsync(AdminRequest action, HttpContext context, ReadOnlyMemory<byte> body = default, long defer = 0) =>
        DoAsync(action, context, cancellation => PerformAsync(action, body, defer, cancellation));

    /// <summary>Replaces a policy. What failed on some nodes is given back.</summary>
    /// <param name="action">Whose policy it is.</param>
    /// <param name="context">The request that asked for it; whoever sent it is an admin.</param>
    /// <param name="policy">The whole policy.</param>
    /// <param name="tag">The tag of what it replaces.</param>
    /// <exception cref="UpstreamException">Nobody did it.</exception>
    public Task<IReadOnlyList<string>> ChangePolicyAsync(AdminRequest action, HttpContext context, JsonObject policy, string tag) =>
        DoAsync(action, context, cancellation => policies.ReplaceAsync(action, policy, tag, cancellation));

    private async Task<IReadOnlyList<string>> DoAsync(
        AdminRequest action, HttpContext context, Func<CancellationToken, Task<IReadOnlyList<string>>> perform)
    {
        AdminUser user = context.GetAdminUser();
        try
        {
            IReadOnlyList<string> failures = await perform(context.RequestAborted);
            Log(action, user, context, failures.Count == 0 ? "done" : string.Join("; ", failures));
            if (action is { Verb: AdminVerb.Create, Channel.Length: > 0 })
                notifier.Notify(action with { Channel = "" }, user, context);
            notifier.Notify(action, user, context);
            return failures;
        }
        catch (UpstreamException e)
        {
            Log(action, user, context, $"failed: {e.Message}");
            // nsqadmin tells of these whatever comes of them.
            if (action.Verb is AdminVerb.Pause or AdminVerb.Unpause or AdminVerb.Empty)
                notifier.Notify(action, user, context);
            throw;
        }
    }

    private Task<IReadOnlyList<string>> PerformAsync(AdminRequest action, ReadOnlyMemory<byte> body, long defer, CancellationToken cancellation) =>
        action.Verb switch
        {
            AdminVerb.Create => cluster.CreateAsync(action.Topic, action.Channel, cancellation),
            AdminVerb.Delete => cluster.DeleteAsync(action.Topic, action.Channel, cancellation),
            AdminVerb.Pause => cluster.SteerAsync("pause", action.Topic, action.Channel, cancellation),
            AdminVerb.Unpause => cluster.SteerAsync("unpause", action.Topic, action.Channel, cancellation),
            AdminVerb.Empty => cluster.SteerAsync("empty", action.Topic, action.Channel, cancellation),
            AdminVerb.Tombstone => cluster.TombstoneAsync(action.Topic, action.Node, cancellation),
            AdminVerb.Publish => messages.PublishAsync(action, body, defer, cancellation),
            AdminVerb.Requeue => messages.RequeueAsync(action, cancellation),
            AdminVerb.Finish => messages.FinishAsync(action, cancellation),
            AdminVerb.Redrive => messages.RedriveAsync(action, cancellation),
            AdminVerb.StopRedrive => messages.StopRedriveAsync(action, cancellation),
            AdminVerb.DiscardDead => messages.DiscardDeadAsync(action, cancellation),
            _ => throw new ArgumentOutOfRangeException(nameof(action)),
        };

    private void Log(AdminRequest action, AdminUser user, HttpContext context, string outcome)
    {
        string what = string.Join(' ', ((string[])[action.Topic, action.Channel, action.Node, action.Message]).Where(static part => part.Length > 0));
        logger.Acted(user.Name.Length == 0 ? "anonymous" : user.Name, ActionNotifier.RemoteAddressOf(context.Connection), action.Name, what, outcome);
    }
}
