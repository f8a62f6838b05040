using Broker.Serving.Http.Replies;
using Microsoft.AspNetCore.Http;

namespace Broker.Admin;

/// <summary>
/// Looks at each request before a page or an endpoint does: who sent it, whether they are let in, and whether another site had a
/// browser send it.
/// </summary>
/// <param name="access">Knows who sent it.</param>
/// <param name="paths">Knows which paths are whose.</param>
internal sealed class AccessGate(AdminAccess access, AdminPaths paths)
{
    /// <summary>Passes the request on, or answers it.</summary>
    public async Task PassAsync(HttpContext context, RequestDelegate next)
    {
        PathString path = context.Request.Path;
        if (paths.IsOpen(path))
        {
            context.Features.Set(AdminUser.Nobody);
            await next(context);
            return;
        }
        if (!HttpMethods.IsGet(context.Request.Method) && IsSentByAnotherSite(context.Request))
        {
            await V1Error.Forbidden.ExecuteAsync(context);
            return;
        }
        AdminUser user = await access.IdentifyAsync(context);
        context.Features.Set(user);
        if (user.IsKnown || paths.IsLogin(path) && access.HasLogin)
            await next(context);
        else if (paths.IsForPrograms(path))
            await RefuseProgramAsync(context);
        else if (access.HasLogin)
            context.Response.Redirect(paths.LoginFor(context.Request));
        else
            await V1Error.Forbidden.ExecuteAsync(context);
    }

    // A browser says where what it sends comes from; programs say nothing.
    private static bool IsSentByAnotherSite(HttpRequest request)
    {
        if (request.Headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site")
            return true;
        string origin = request.Headers.Origin.ToString();
        return origin.Length > 0
            && !(Uri.TryCreate(origin, UriKind.Absolute, out Uri? from)
                && Uri.TryCreate($"{from.Scheme}://{request.Host.Value}", UriKind.Absolute, out Uri? here)
                && from.Authority.Equals(here.Authority, StringComparison.OrdinalIgnoreCase));
    }

    private Task RefuseProgramAsync(HttpContext context)
    {
        if (!access.HasLogin)
            return V1Error.Forbidden.ExecuteAsync(context);
        // A browser would ask for a password on its own if it were invited to.
        if (context.Request.Headers["Sec-Fetch-Mode"].Count == 0)
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"broker admin\", charset=\"UTF-8\"";
        return V1Error.Unauthorized.ExecuteAsync(context);
    }
}
