using System.Buffers;
using System.Globalization;
using System.Text;
using Broker.Protocol;
using Broker.Serving.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Broker.Admin;

/// <summary>Pages that ask before something is done, and what does it then.</summary>
internal sealed class ActionPages(
    PageEndpoints pages,
    AdminPaths paths,
    AdminActions actions,
    BrokerCluster cluster,
    ClusterSampler sampler,
    Notices notices,
    PageForms forms)
{
    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet(paths.At("/confirm"), context => AskAsync(context, FormCollectionOf(context.Request.Query)));
        endpoints.MapPost(paths.At("/confirm"), context => forms.ReadAsync(context, form => AskAsync(context, form)));
        endpoints.MapPost(paths.At("/actions"), context => forms.ReadAsync(context, form => DoAsync(context, form)));
    }

    private static IFormCollection FormCollectionOf(IQueryCollection query) =>
        new FormCollection(query.ToDictionary(static parameter => parameter.Key, static parameter => parameter.Value));

    private static AdminRequest? Parse(IFormCollection form) =>
        Enum.TryParse(form["action"].ToString(), ignoreCase: true, out AdminVerb verb) && Enum.IsDefined(verb) && verb != AdminVerb.ChangePolicy && !int.TryParse(form["action"], out _)
            ? new AdminRequest(
                verb, form["topic"].ToString().Trim(), form["channel"].ToString().Trim(), form["node"].ToString().Trim(), form["id"].ToString().Trim(),
                int.TryParse(form["rate"], NumberStyles.None, CultureInfo.InvariantCulture, out int rate) ? rate : 0)
            : null;

    private static PageContent Refuse(string text) =>
        new(typeof(ErrorPage), "That cannot be done", new ErrorModel("That cannot be done", text)) { Status = StatusCodes.Status400BadRequest };

    private static string? ComplaintAbout(AdminRequest action) => action switch
    {
        _ when !NsqName.IsValid(action.Topic) =>
            $"“{action.Topic}” is not a valid topic name: use 1 to 64 letters, digits, dots, underscores and hyphens.",
        { Channel.Length: > 0 } when !NsqName.IsValid(action.Channel) =>
            $"“{action.Channel}” is not a valid channel name: use 1 to 64 letters, digits, dots, underscores and hyphens.",
        { Verb: AdminVerb.Requeue or AdminVerb.Finish } when action.Channel.Length == 0 || action.Node.Length == 0 || action.Message.Length == 0 =>
            "No message was chosen. Choose one on the messages page of a channel.",
        { IsOfDead: true } when action.Channel.Length == 0 || action.Node.Length == 0 =>
            "No dead letters were chosen. Choose them on the messages page of a channel.",
        { Verb: AdminVerb.Tombstone, Node.Length: 0 } => "No node was chosen. Choose one on the page of the topic.",
        _ => null,
    };

    private async ValueTask<IResult> AskAsync(HttpContext context, IFormCollection form)
    {
        await pages.ShowAsync(context, await pages.BuildAsync(context, _ => BuildQuestionAsync(context, form)));
        return Results.Empty;
    }

    private async Task<PageContent> BuildQuestionAsync(HttpContext context, IFormCollection form)
    {
        if (!context.GetAdminUser().IsAdmin)
            return Forbidden();
        if (Parse(form) is not { } action)
            return Refuse("There is no such action.");
        if (ComplaintAbout(action) is { } complaint)
            return Refuse(complaint);
        // Without an id all would be meant.
        if (action.IsOfDead && form.ContainsKey("selected") && action.Message.Length == 0)
            return Refuse("No dead letter was selected. Go back and tick those that are meant.");
        TopicSample? topic = await LookAtAsync(action.Topic, context.RequestAborted);
        Confirmation confirmation = new(action, topic, cluster.HasLookups);
        string back = action.IsOfDead ? paths.DeadLetters(action.Topic, action.Channel)
            : action.Message.Length > 0 ? paths.Messages(action.Topic, action.Channel)
            : action.Channel.Length > 0 && topic?.Find(action.Channel) is not null ? paths.Channel(action.Topic, action.Channel)
            : topic is not null ? paths.Topic(action.Topic)
            : paths.At("/");
        ConfirmModel model = new(action, confirmation.Title, confirmation.Losses, confirmation.Button, confirmation.IsDanger, back);
        if (action.Verb != AdminVerb.Publish)
            return new PageContent(typeof(ConfirmPage), confirmation.Title, model);

        string text = form["body"].ToString();
        byte[]? body = form["format"] == "hex" ? MessageBody.ParseHex(text) : Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\n"));
        if (body is null)
            return Refuse("The body is not hex: write two hex digits for each byte.");
        if (body.Length == 0)
            return Refuse("An empty message cannot be published: write a body.");
        if (!long.TryParse(form["defer"].ToString() is { Length: > 0 } given ? given : "0", NumberStyles.None, CultureInfo.InvariantCulture, out long defer))
            return Refuse("The delay is not a number of milliseconds.");
        model = new ConfirmModel(
            action,
            confirmation.Title,
            [$"{Figure.Count(body.Length, "byte")} {(defer == 0 ? "" : $"held back for {Figure.Duration(TimeSpan.FromMilliseconds(Math.Min(defer, int.MaxValue)))} ")}go to the topic{(action.Node.Length == 0 ? "" : $" on {action.Node}")}.", .. confirmation.Losses],
            confirmation.Button,
            confirmation.IsDanger,
            back)
        {
            Body = Convert.ToBase64String(body),
            Preview = MessageBody.Format(body, MessageBody.Auto),
            Defer = defer,
        };
        return new PageContent(typeof(ConfirmPage), confirmation.Title, model);
    }

    /// <summary>A topic as it is at this moment, without looking at all others.</summary>
    private async Task<TopicSample?> LookAtAsync(string topic, CancellationToken cancellation)
    {
        try
        {
            Gathered<TopicFigures> figures = await cluster.CollectTopicAsync(topic, false, cancellation);
            if (figures.Value.Nodes is not null)
                return TopicSample.Of(figures.Value);
        }
        catch (UpstreamException)
        {
            // No broker has it, or none answers; the sample tells the one from the other.
        }
        ClusterSample sample = await sampler.GetAsync(cancellation);
        return sample.Error is null ? sample.Find(topic) : throw new UpstreamException(sample.Error);
    }

    internal static PageContent Forbidden() =>
        new(typeof(ErrorPage), "Not allowed", new ErrorModel("Not allowed", "Viewers cannot change anything. Ask an admin.")) { Status = StatusCodes.Status403Forbidden };

    private async ValueTask<IResult> DoAsync(HttpContext context, IFormCollection form)
    {
        PageContent? refusal = await pages.BuildAsync(context, async asked =>
        {
            if (!asked.GetAdminUser().IsAdmin)
                return Forbidden();
            if (Parse(form) is not { } action)
                return Refuse("There is no such action.");
            if (ComplaintAbout(action) is { } complaint)
                return Refuse(complaint);
            byte[] body = [];
            long defer = 0;
            if (action.Verb == AdminVerb.Publish)
            {
                string encoded = form["body"].ToString();
                body = new byte[encoded.Length];
                if (!Convert.TryFromBase64String(encoded, body, out int length) || length == 0)
                    return Refuse("The body got lost. Publish the message again.");
                body = body[..length];
                _ = long.TryParse(form["defer"], NumberStyles.None, CultureInfo.InvariantCulture, out defer);
            }
            IReadOnlyList<string> failures = await actions.DoAsync(action, context, body, defer);
            ClusterSample sample = await sampler.RefreshAsync(context.RequestAborted);
            string done = Confirmation.SentenceAfter(action);
            Notice notice = failures.Count == 0 ? new Notice(done, false) : new Notice($"{done} But: {string.Join("; ", failures)}", true);
            context.Response.StatusCode = StatusCodes.Status303SeeOther;
            context.Response.Headers.Location = $"{PageAfter(action, sample)}?{(action.IsOfDead ? $"state={ChannelMessages.Dead}&" : "")}notice={notices.Add(notice)}";
            return new PageContent(typeof(ErrorPage), done, new ErrorModel(done, "")) { Status = StatusCodes.Status303SeeOther };
        });
        if (refusal.Status != StatusCodes.Status303SeeOther)
            await pages.ShowAsync(context, refusal);
        return Results.Empty;
    }

    private string PageAfter(AdminRequest action, ClusterSample sample)
    {
        if (action.Message.Length > 0 || action.IsOfDead || action is { Verb: AdminVerb.Publish, Channel.Length: > 0 })
            return paths.Messages(action.Topic, action.Channel);
        TopicSample? topic = sample.Find(action.Topic);
        if (action.Channel.Length > 0 && action.Verb != AdminVerb.Delete && topic?.Find(action.Channel) is not null)
            return paths.Channel(action.Topic, action.Channel);
        if (topic is null || action is { Verb: AdminVerb.Delete, Channel.Length: 0 })
            return paths.At("/");
        return paths.Topic(action.Topic);
    }
}
