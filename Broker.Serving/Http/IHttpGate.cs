using Microsoft.AspNetCore.Http;

namespace Broker.Serving.Http;

/// <summary>Looks at each request before anything of a site does.</summary>
public interface IHttpGate
{
    /// <summary>Passes the request on, or answers it.</summary>
    Task PassAsync(HttpContext context, RequestDelegate next);
}
