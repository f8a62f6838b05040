using System.Text;
using Broker.Serving.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace Broker.Gateway.Http.Metrics;

/// <summary><c>/metrics</c>: all series in Prometheus' text format or in OpenMetrics, whichever the <c>Accept</c> header prefers.</summary>
/// <param name="collector">Has the series.</param>
internal sealed class MetricsEndpoints(MetricCollector collector)
{
    private const string OpenMetrics = "application/openmetrics-text";
    private const string Plain = "text/plain";

    public void Map(IEndpointRouteBuilder endpoints) => endpoints.MapGet("/metrics", _ => new ValueTask<IResult>(new Answer(collector)));

    private static bool PrefersOpenMetrics(HttpRequest request)
    {
        double open = 0;
        double plain = 0;
        if (!MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out IList<MediaTypeHeaderValue>? accepted))
            return false;
        foreach (MediaTypeHeaderValue type in accepted)
        {
            double quality = type.Quality ?? 1;
            if (type.MediaType.Equals(OpenMetrics, StringComparison.OrdinalIgnoreCase))
                open = Math.Max(open, quality);
            else if (type.MediaType.Equals(Plain, StringComparison.OrdinalIgnoreCase))
                plain = Math.Max(plain, quality);
        }

        return open > 0 && open >= plain;
    }

    private sealed class Answer(MetricCollector collector) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            PrometheusText format = new(PrefersOpenMetrics(httpContext.Request));
            HttpResponse response = httpContext.Response;
            response.ContentType = format.ContentType;
            StringBuilder text = new();
            foreach (MetricFamily family in collector.Collect())
            {
                format.Write(text, family);
                await SendAsync(response, text);
            }

            format.WriteEnd(text);
            await SendAsync(response, text);
        }

        private static async ValueTask SendAsync(HttpResponse response, StringBuilder text)
        {
            foreach (ReadOnlyMemory<char> chunk in text.GetChunks())
                Encoding.UTF8.GetBytes(chunk.Span, response.BodyWriter);
            text.Clear();
            await response.BodyWriter.FlushAsync();
        }
    }
}
