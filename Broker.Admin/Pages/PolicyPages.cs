using System.Text.Json.Nodes;
using Broker.Serving.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Broker.Admin;

/// <summary>The page of a policy, on which it is changed too.</summary>
internal sealed class PolicyPages(
    PageEndpoints pages, PageForms forms, AdminPaths paths, AdminActions actions, ClusterSampler sampler, ClusterPolicies policies, Notices notices)
{
    public void Map(IEndpointRouteBuilder endpoints)
    {
        pages.Map(endpoints, "/policy", context => ShowAsync(
            context, context.Request.Query["topic"].ToString(), context.Request.Query["channel"].ToString(), wanted: null, complaint: null));
        endpoints.MapPost(paths.At("/policy"), context => forms.ReadAsync(context, form => ChangeAsync(context, form)));
    }

    private async Task<PageContent> ShowAsync(HttpContext context, string topic, string channel, JsonObject? wanted, string? complaint)
    {
        ClusterSample sample = await sampler.GetAsync(context.RequestAborted);
        if (sample.Error is null && sample.Find(topic) is null)
            sample = await sampler.RefreshAsync(context.RequestAborted);
        if (sample.Error is { } error)
            throw new UpstreamException(error);
        if (sample.Find(topic)?.Figures.Nodes is not [{ Node: var node }, ..])
            return SitePages.NotFound("No such topic", $"No broker has a topic “{topic}”. It may have been deleted.");
        PolicyAnswer? policy;
        try
        {
            policy = await policies.ReadAsync(node, topic, channel, context.RequestAborted);
        }
        catch (UpstreamException e) when (e.Status == StatusCodes.Status404NotFound)
        {
            return SitePages.NotFound("No such channel", $"No broker has a channel “{channel}” of the topic “{topic}”. It may have been deleted.");
        }
        PolicyModel model = new()
        {
            Topic = topic,
            Channel = channel,
            Node = node,
            Policy = policy,
            Wanted = wanted,
            Complaint = complaint,
        };
        string title = channel.Length == 0 ? $"Policy of {topic}" : $"Policy of {topic} / {channel}";
        return new PageContent(typeof(PolicyPage), title, model)
        {
            Failures = sample.Failures,
            Status = complaint is null ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest,
        };
    }

    private async ValueTask<IResult> ChangeAsync(HttpContext context, IFormCollection form)
    {
        AdminRequest action = new(AdminVerb.ChangePolicy, form["topic"].ToString(), form["channel"].ToString());
        PageContent? refusal = await pages.BuildAsync(context, async asked =>
        {
            if (!asked.GetAdminUser().IsAdmin)
                return ActionPages.Forbidden();
            JsonObject policy = PolicyForm.Read(form);
            try
            {
                IReadOnlyList<string> failures = await actions.ChangePolicyAsync(action, asked, policy, form["tag"].ToString());
                string done = Confirmation.SentenceAfter(action);
                Notice notice = failures.Count == 0 ? new Notice(done, false) : new Notice($"{done} But: {string.Join("; ", failures)}", true);
                context.Response.StatusCode = StatusCodes.Status303SeeOther;
                context.Response.Headers.Location = $"{paths.Policy(action.Topic, action.Channel)}&notice={notices.Add(notice)}";
                return new PageContent(typeof(ErrorPage), done, new ErrorModel(done, "")) { Status = StatusCodes.Status303SeeOther };
            }
            catch (UpstreamException e) when (ClusterPolicies.ComplaintOf(e) is { } complaint)
            {
                JsonObject? wanted = e.Status == StatusCodes.Status412PreconditionFailed ? null : policy;
                return await ShowAsync(asked, action.Topic, action.Channel, wanted, complaint);
            }
        });
        if (refusal.Status != StatusCodes.Status303SeeOther)
            await pages.ShowAsync(context, refusal);
        return Results.Empty;
    }
}
