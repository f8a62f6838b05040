using Broker.Serving.Http;
using Broker.Serving.Http.Replies;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Broker.Admin;

/// <summary>Logging in and out.</summary>
internal sealed class SessionPages(
    PageEndpoints pages, AdminPaths paths, AdminAccess access, LoginLimit limit, IAntiforgery antiforgery, ILogger<SessionPages> logger)
{
    private const long FormLimit = 16 << 10;

    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet(paths.At("/login"), ShowAsync);
        endpoints.MapPost(paths.At("/login"), LogInAsync);
        endpoints.MapPost(paths.At("/logout"), LogOutAsync);
    }

    private async ValueTask<IResult> ShowAsync(HttpContext context)
    {
        if (!access.HasLogin || context.GetAdminUser().IsKnown)
            return Results.Redirect(paths.At("/"));
        await pages.ShowAsync(context, Page(context.Request.Query["next"].ToString(), "", null, StatusCodes.Status200OK));
        return Results.Empty;
    }

    private async ValueTask<IResult> LogInAsync(HttpContext context)
    {
        if (!access.HasLogin)
            return Results.Redirect(paths.At("/"));
        if (await ReadFormAsync(context) is not { } form)
            return V1Error.InvalidRequest;
        string name = form["name"].ToString();
        string next = form["next"].ToString();
        string remote = ActionNotifier.RemoteAddressOf(context.Connection);
        if (!await antiforgery.IsRequestValidAsync(context))
        {
            await pages.ShowAsync(context, Page(next, name, "The page had expired. Please try again.", StatusCodes.Status400BadRequest));
            return Results.Empty;
        }
        if (limit.IsExceeded(context.Connection.RemoteIpAddress))
        {
            context.Response.Headers.RetryAfter = ((int)LoginLimit.Window.TotalSeconds).ToString(System.Globalization.CultureInfo.InvariantCulture);
            await pages.ShowAsync(context, Page(
                next, name, "Too many wrong passwords from your address. Wait a minute, then try again.", StatusCodes.Status429TooManyRequests));
            return Results.Empty;
        }
        if (await access.LogInAsync(context, name, form["password"].ToString()) is not { } user)
        {
            logger.LoginRefused(remote);
            await pages.ShowAsync(context, Page(next, name, "The name or the password is wrong.", StatusCodes.Status401Unauthorized));
            return Results.Empty;
        }
        logger.LoggedIn(user.Name, remote);
        return SeeOther(context, paths.IsOwnPage(next) ? next : paths.At("/"));
    }

    private async ValueTask<IResult> LogOutAsync(HttpContext context)
    {
        if (await ReadFormAsync(context) is null || !await antiforgery.IsRequestValidAsync(context))
            return V1Error.InvalidRequest;
        logger.LoggedOut(context.GetAdminUser().Name, ActionNotifier.RemoteAddressOf(context.Connection));
        await AdminAccess.LogOutAsync(context);
        return SeeOther(context, paths.At("/login"));
    }

    private static async Task<IFormCollection?> ReadFormAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = FormLimit;
        return context.Request.HasFormContentType ? await context.Request.ReadFormAsync(context.RequestAborted) : null;
    }

    private static IResult SeeOther(HttpContext context, string path)
    {
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = path;
        return Results.Empty;
    }

    private static PageContent Page(string next, string name, string? complaint, int status) =>
        new(typeof(LoginPage), "Log in", new LoginModel(next, name, complaint)) { Status = status };
}
