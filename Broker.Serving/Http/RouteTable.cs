using System.Net;
using Broker.Serving.Http.Replies;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Broker.Serving.Http;

/// <summary>
/// Which path takes which methods, to the letter. ASP.NET's routing forgives wrong case and a slash too many; NSQ's sends such a
/// client to the right path, and says which methods a path takes (spec 3.1).
/// </summary>
/// <param name="answerUnknown">Answers what is asked of a path that there is not.</param>
internal sealed class RouteTable(Func<HttpContext, Task> answerUnknown)
{
    private const string Options = "OPTIONS";

    private readonly Dictionary<string, Route> _routes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Route> _anyCase = new(StringComparer.OrdinalIgnoreCase);

    // Routes with parameters, which stand for one segment each.
    private readonly Dictionary<string, Route> _patterns = new(StringComparer.Ordinal);

    /// <summary>Adds what the endpoints answer to. No two paths may differ in case only.</summary>
    public void AddAll(IEnumerable<RouteEndpoint> endpoints)
    {
        foreach (RouteEndpoint endpoint in endpoints)
        {
            string path = endpoint.RoutePattern.RawText!;
            bool hasParameters = path.Contains('{', StringComparison.Ordinal);
            Route route = GetOrAdd(hasParameters ? _patterns : _routes, path);
            foreach (string method in endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods)
                route.Methods.Add(method);
            if (!hasParameters)
                _anyCase[path] = route;
        }
    }

    /// <summary>Answers what no endpoint is to see; null when one is.</summary>
    public Task? AnswerAsync(HttpContext context)
    {
        string path = context.Request.Path.Value is { Length: > 0 } given ? given : "/";
        string method = context.Request.Method;
        Route? route = Find(path);
        if (route is not null && route.Methods.Contains(method))
            return null;
        if (FindElsewhere(path, method) is { } right)
        {
            RedirectTo(context, right, method);
            return Task.CompletedTask;
        }
        if (route is null)
            return answerUnknown(context);

        context.Response.Headers.Allow = route.Allowed;
        return method == Options ? Task.CompletedTask : V1Error.MethodNotAllowed.ExecuteAsync(context);
    }

    private static Route GetOrAdd(Dictionary<string, Route> routes, string path)
    {
        if (!routes.TryGetValue(path, out Route? route))
            routes.Add(path, route = new Route(path));
        return route;
    }

    private static void RedirectTo(HttpContext context, string path, string method)
    {
        // What is not a GET keeps its method and its body.
        HttpStatusCode status = method == HttpMethods.Get ? HttpStatusCode.MovedPermanently : HttpStatusCode.TemporaryRedirect;
        context.Response.StatusCode = (int)status;
        context.Response.Headers.Location = new PathString(path).ToUriComponent() + context.Request.QueryString.Value;
    }

    private Route? Find(string path)
    {
        if (_routes.TryGetValue(path, out Route? route))
            return route;
        foreach (Route pattern in _patterns.Values)
        {
            if (pattern.Complete(path, StringComparison.Ordinal) is not null)
                return pattern;
        }
        return null;
    }

    // The path that was meant, if it takes the method: without or with a slash at its end, in another case, with single slashes.
    private string? FindElsewhere(string path, string method)
    {
        string single = path;
        while (single.Contains("//", StringComparison.Ordinal))
            single = single.Replace("//", "/", StringComparison.Ordinal);
        string trimmed = single.TrimEnd('/');
        string[] candidates = [single, trimmed, trimmed + "/"];
        foreach (string candidate in candidates)
        {
            if (_anyCase.TryGetValue(candidate, out Route? route) && route.Methods.Contains(method) && route.Path != path)
                return route.Path;
        }

        foreach (Route pattern in _patterns.Values)
        {
            if (pattern.Complete(trimmed, StringComparison.OrdinalIgnoreCase) is { } meant && meant != path && pattern.Methods.Contains(method))
                return meant;
        }
        return null;
    }

    private sealed class Route(string path)
    {
        private readonly string[] _segments = path.Split('/');

        public string Path => path;

        public SortedSet<string> Methods { get; } = new(StringComparer.Ordinal);

        public string Allowed => string.Join(", ", Methods.Append(Options).Order(StringComparer.Ordinal));

        /// <summary>This path with the parameters of a given one; null when that is another path.</summary>
        public string? Complete(string given, StringComparison comparison)
        {
            string[] segments = given.Split('/');
            if (segments.Length != _segments.Length)
                return null;
            for (int i = 0; i < segments.Length; i++)
            {
                bool isParameter = _segments[i].StartsWith('{');
                if (isParameter ? segments[i].Length == 0 : !segments[i].Equals(_segments[i], comparison))
                    return null;
                if (!isParameter)
                    segments[i] = _segments[i];
            }
            return string.Join('/', segments);
        }
    }
}
