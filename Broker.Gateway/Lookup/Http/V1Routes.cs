using Microsoft.AspNetCore.Http;

namespace Broker.Gateway.Lookup.Http;

/// <summary>Finds what answers a request, and what answers where nothing does: 404, 405, OPTIONS, redirects (spec 3.1).</summary>
internal sealed class V1Routes
{
    private readonly Dictionary<(string Method, string Path), Func<V1Query, V1Result>> _routes = [];

    /// <summary>Answers <paramref name="path"/> for <paramref name="method"/>.</summary>
    public void Map(string method, string path, Func<V1Query, V1Result> answer) => _routes.Add((method, path), answer);

    /// <summary>Answers a request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        string path = request.Path.Value ?? "";
        if (_routes.TryGetValue((request.Method, path), out Func<V1Query, V1Result>? answer))
        {
            V1Result result = V1Query.TryParse(request.QueryString.Value ?? "") is { } query
                ? answer(query)
                : V1Result.Error(StatusCodes.Status400BadRequest, "INVALID_REQUEST");
            await result.WriteAsync(context);
            return;
        }
        if (FindSimilar(request.Method, path) is { } similar)
        {
            context.Response.StatusCode =
                HttpMethods.IsGet(request.Method) ? StatusCodes.Status301MovedPermanently : StatusCodes.Status307TemporaryRedirect;
            context.Response.Headers.Location = similar + request.QueryString.Value;
            return;
        }
        string[] allowed = [.. _routes.Keys.Where(route => route.Path == path).Select(route => route.Method)];
        if (allowed.Length == 0)
        {
            await V1Result.Error(StatusCodes.Status404NotFound, "NOT_FOUND").WriteAsync(context);
            return;
        }
        context.Response.Headers.Allow = string.Join(", ", allowed.Append(HttpMethods.Options).Order(StringComparer.Ordinal));
        if (!HttpMethods.IsOptions(request.Method))
            await V1Result.Error(StatusCodes.Status405MethodNotAllowed, "METHOD_NOT_ALLOWED").WriteAsync(context);
    }

    /// <summary>A path of the method's that differs only in case or in a slash at the end.</summary>
    private string? FindSimilar(string method, string path) => _routes.Keys
        .Where(route => route.Method == method && route.Path.Equals(path.TrimEnd('/'), StringComparison.OrdinalIgnoreCase))
        .Select(route => route.Path)
        .FirstOrDefault();
}
